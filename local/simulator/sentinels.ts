import { type Disturbance, type FaultKind, undisturbed } from './faults.ts';
import type { Connection } from './shapes.ts';

/**
 * Faults asked for by data: a connection whose name holds `sim:<word>` or `sim:<word>=<value>`, or that has such a tag
 * key, misbehaves in that way. The words stand in BEHAVIOUR.md, section "Sentinels".
 */
export interface Sentinels {
  /** Words with their values; a word without value has the empty string. */
  readonly words: ReadonlyMap<string, string>;
}

/** Words that make the first N modifications (default 1) end like a fault. */
const COUNTED_KINDS: ReadonlyMap<string, FaultKind> = new Map([
  ['lost', 'lostAfterApply'],
  ['dropped', 'droppedBefore'],
  ['500-applied', 'error500Applied'],
  ['500', 'error500NotApplied'],
  ['503', 'unavailable503'],
  ['502', 'html502'],
  ['502-applied', 'html502Applied'],
  ['truncated', 'truncated'],
  ['throttled', 'throttle'],
]);

const WORD = /sim:([a-z0-9-]+)(?:=([^\s,;]+))?/g;
const none: Sentinels = { words: new Map() };

/** Reads the sentinels of a connection; cheap for the many that have none. */
export function sentinelsOf(connection: Connection): Sentinels {
  const tags = connection.tags.filter((tag) => tag.Key.startsWith('sim:'));
  if (tags.length === 0 && !connection.name.includes('sim:')) return none;
  const text = [
    connection.name,
    ...tags.map((tag) => (tag.Value === '' ? tag.Key : `${tag.Key}=${tag.Value}`)),
  ].join(' ');
  const words = new Map<string, string>();
  for (const [, word = '', value = ''] of text.matchAll(WORD)) words.set(word, value);
  return { words };
}

/** What the sentinels do to a connection's modification number `ordinal` (from 1); null when it has none. */
export function disturbanceOfWrite(
  { words }: Sentinels,
  ordinal: number,
  busyCode: string,
): Disturbance | null {
  if (words.size === 0) return null;
  const counted = [...COUNTED_KINDS].find(([word]) => strikes(words.get(word), ordinal))?.[1];
  const slowMs = numberOf(words.get('slow'));
  const lasting = words.has('never-settles') ? 'neverSettles' : null;
  return {
    ...undisturbed,
    kind: counted ?? (slowMs === null ? lasting : 'slow'),
    slowMs: slowMs ?? 0,
    refuseWith: strikes(words.get('busy'), ordinal)
      ? busyCode
      : refusal(words.get('error'), ordinal),
    settleMs: words.has('never-settles') ? Number.POSITIVE_INFINITY : numberOf(words.get('settle')),
    lateMs: numberOf(words.get('late')),
    ignored: words.has('ignored'),
  };
}

/** The code with which reads of this connection number `ordinal` (from 1) fail, or null. */
export function refusalOfRead({ words }: Sentinels, ordinal: number): string | null {
  return words.size === 0 ? null : refusal(words.get('read-error'), ordinal);
}

/** `CODE` strikes always, `CODE@3` the first three times. */
function refusal(value: string | undefined, ordinal: number): string | null {
  if (!value) return null;
  const [code = '', times] = value.split('@');
  return times === undefined || ordinal <= Number(times) ? code : null;
}

function strikes(value: string | undefined, ordinal: number): boolean {
  return value !== undefined && ordinal <= (value === '' ? 1 : Number(value));
}

function numberOf(value: string | undefined): number | null {
  return value === undefined || value === '' ? null : Number(value);
}
