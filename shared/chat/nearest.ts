import { closest, distance } from 'fastest-levenshtein';

/** Of two texts that differ in more than this share of their letters, neither was meant by the other. */
const leastLikeness = 0.4;

/** The known text that was probably meant; null when none is near enough. Capitals do not matter. */
export function nearestOf(text: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const small = text.toLowerCase();
  const near = closest(
    small,
    known.map((each) => each.toLowerCase()),
  );
  const most = Math.max(small.length, near.length);
  if (distance(small, near) > most * leastLikeness) return null;
  return known.find((each) => each.toLowerCase() === near) ?? null;
}

/** `; did you mean X?`, or nothing. */
export function hintOf(text: string, known: readonly string[]): string {
  const near = nearestOf(text, known);
  return near === null ? '' : `; did you mean ${near}?`;
}
