import { Secret } from '../platform/secret.ts';
import type { Sealer } from './sealer.ts';

/** The secrets among some values, sealed, each for its own place, by the same paths. */
export function sealedKeysOf(
  sealer: Sealer,
  values: Readonly<Record<string, unknown>>,
  contextOf: (path: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([path, value]) =>
      value instanceof Secret ? [[path, sealer.seal(value, contextOf(path))]] : [],
    ),
  );
}

/** The secrets again, by their paths. Raises `internal` when one of them does not open. */
export function openedKeysOf(
  sealer: Sealer,
  sealedKeys: Readonly<Record<string, string>>,
  contextOf: (path: string) => string,
): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    Object.entries(sealedKeys).map(([path, sealed]) => [
      path,
      sealer.open(sealed, contextOf(path)),
    ]),
  );
}
