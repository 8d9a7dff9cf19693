import { createRandom } from './random.ts';
import type { ConnectionEntry } from './region-index.ts';
import type { CloudState } from './state.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The random key of 16 characters that an IKE block without `Psk` brings about (API documents); of a tunnel of a pair
 * when one is named. Decided by the seed, the connection and how often it was changed.
 */
export function madeUpKey(state: CloudState, entry: ConnectionEntry, tunnelId?: string): string {
  const name = tunnelId === undefined ? 'psk' : `psk|${tunnelId}`;
  return createRandom(Math.floor(state.rollFor(entry, name) * 2 ** 32)).text(ALPHABET, 16);
}
