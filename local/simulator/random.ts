/**
 * Deterministic randomness. Two forms: a stream for generating data in order, and `roll`, which hashes names to a
 * number, so that what happens to one connection does not depend on how calls to others interleave with it.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer with both bounds included. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
  text(alphabet: string, length: number): string;
}

const LOWER_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';

function hash(text: string, basis: number): number {
  let value = basis;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  // The finalizer of MurmurHash3: without it, names differing in their last digit give neighbouring numbers.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** A number in [0, 1) that depends on the names only. */
export function roll(seed: number, ...names: readonly (string | number)[]): number {
  return hash(`${seed}|${names.join('|')}`, 0x811c9dc5) / 2 ** 32;
}

/** An integer of the closed range that depends on the names only. */
export function rollWithin(
  range: { readonly min: number; readonly max: number },
  seed: number,
  ...names: readonly (string | number)[]
): number {
  return range.min + Math.floor(roll(seed, ...names) * (range.max - range.min + 1));
}

/** A mulberry32 stream: the same seed gives the same sequence. */
export function createRandom(seed: number): Random {
  let state = hash(String(seed), 0x811c9dc5);
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[integer(0, choices.length - 1)] ?? choices[0],
    text: (alphabet, length) => {
      let text = '';
      for (let count = 0; count < length; count += 1)
        text += alphabet[integer(0, alphabet.length - 1)];
      return text;
    },
  };
}

/** An id as the cloud makes them: prefix, then lower-case letters and digits. */
export function cloudId(random: Random, prefix: string): string {
  return `${prefix}-bp1${random.text(LOWER_AND_DIGITS, 18)}`;
}

/** A request id: an upper-case UUID, by names. */
export function requestIdOf(seed: number, ordinal: number): string {
  const part = (name: string): string =>
    hash(`${seed}|request|${ordinal}|${name}`, 0x811c9dc5)
      .toString(16)
      .padStart(8, '0')
      .toUpperCase();
  const [a, b, c, d] = [part('a'), part('b'), part('c'), part('d')];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-A${c.slice(1, 4)}-${c.slice(4)}${d}`;
}
