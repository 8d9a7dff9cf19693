import { expectedSeconds } from '../preview/lower-bound.ts';
import type { PreviewBody } from '../preview/preview-body.ts';
import { aCardOf, type Card } from './card.ts';
import { shortDigest } from './job-card.ts';
import { aboutSeconds } from './span.ts';

/** How many different warnings and refusals are told in a room. */
const told = 5;

/** What a run of a schedule would do, as a room sees it; `settleMs` is how long changes took on average, if that is known. */
export function previewCardOf(
  { digest, summary, items }: PreviewBody,
  { schedule, settleMs }: { schedule: string; settleMs: number | null },
): Card {
  const { total, modify, unchanged, refused, lanes, longestLane, groups, lowerBound } = summary;
  const warnings = items.flatMap((item) => item.warnings.map(({ message }) => message));
  const refusals = items.flatMap(({ reason }) => (reason === null ? [] : [reason.message]));
  return aCardOf({
    title: `What a run of ${schedule} would do`,
    tone: refused > 0 ? 'warning' : 'plain',
    lines: [...mostFrequent('Refused', refusals), ...mostFrequent('Warning', warnings)],
    facts: [
      {
        label: 'Changes',
        value: `${total}: ${modify} to modify, ${unchanged} unchanged, ${refused} refused`,
      },
      { label: 'Lanes', value: `${lanes}, at most ${longestLane} changes on one` },
      { label: 'Redundancy groups', value: String(groups) },
      {
        label: 'Expected duration',
        value: `${aboutSeconds(expectedSeconds(lowerBound, settleMs))} or more`,
      },
      { label: 'Digest', value: shortDigest(digest) },
    ],
    audience: 'room',
  });
}

/** The same sentence once, with how often it is true, the most frequent first. */
function mostFrequent(what: string, sentences: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const sentence of sentences) counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const lines = sorted
    .slice(0, told)
    .map(([sentence, count]) => `${what} (${count}×): ${sentence}`);
  const more = sorted.length - lines.length;
  return more > 0 ? [...lines, `And ${more} other kinds.`] : lines;
}
