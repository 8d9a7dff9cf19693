const msPerUnit: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const form = /^(\d{1,4})\s*(m|min|h|d|w)$/i;

/** What a span of time may look like, for messages. */
export const spanForms = '30m, 2h, 3d or 1w';

/** A span of time as people write it, `2h`, in milliseconds; null for anything else. */
export function spanMs(text: string): number | null {
  const [, count = '', unit = ''] = form.exec(text) ?? [];
  const ms = msPerUnit[unit.charAt(0).toLowerCase()];
  return ms === undefined || Number(count) === 0 ? null : Number(count) * ms;
}

/** The same as an ISO 8601 duration; what is no such span is given back as it is. */
export function spanAsDuration(text: string): string {
  const ms = spanMs(text);
  return ms === null ? text : `PT${ms / 60_000}M`;
}

/** A length of time for people: `about 40 s`, `about 12 min`, `about 3 h`. */
export function aboutSeconds(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `about ${Math.round(minutes)} min`;
  return `about ${Math.round(minutes / 6) / 10} h`;
}
