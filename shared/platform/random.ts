import { randomBytes } from 'node:crypto';

/** Where randomness comes from. Seeded in simulations, the system's generator everywhere else. */
export interface Random {
  /** `size` random bytes. */
  bytes(size: number): Buffer;
  /** A float in [0, 1), for jitter and ids; never for keys. */
  fraction(): number;
}

/** The operating system's cryptographic generator. */
export const systemRandom: Random = {
  bytes: (size) => randomBytes(size),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
