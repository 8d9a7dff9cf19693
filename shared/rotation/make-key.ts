import { AppError } from '../platform/errors.ts';
import type { Random } from '../platform/random.ts';
import { Secret } from '../platform/secret.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const alphanumerics = `${letters}0123456789`;

/**
 * How many characters a made key may have. The cloud takes 1 to 100 (API documents ModifyVpnConnectionAttribute and
 * ModifyTunnelAttribute, `Psk`); fewer than 16 would be worth guessing.
 */
export const keyLengths = { min: 16, max: 100, usual: 32 } as const;

/**
 * A fresh pre-shared key: letters and digits, which every list of allowed characters has and no router needs quoted, the
 * first one a letter. Each character is as likely as any other. Raises `internal` for a length outside {@link keyLengths}.
 */
export function makeKey(random: Random, length: number = keyLengths.usual): Secret {
  const { min, max } = keyLengths;
  if (!Number.isInteger(length) || length < min || length > max) {
    throw new AppError(
      'internal',
      `a key of ${length} characters cannot be made, ${min} to ${max}`,
    );
  }
  return new Secret(
    `${pickEvenly(random, letters, 1)}${pickEvenly(random, alphanumerics, length - 1)}`,
  );
}

/** Takes each byte below the greatest multiple of the alphabet's size; a remainder of the others would favour its start. */
function pickEvenly(random: Random, alphabet: string, count: number): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < count) {
    for (const byte of random.bytes(count - text.length)) {
      if (byte < limit) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}
