import type { SendOutcome } from '../../chat/sender.ts';

/** A token, or why there is none. */
export type TokenOutcome = { kind: 'token'; token: string; forSeconds: number } | SendOutcome;

/** Keeps a platform's access token as long as it is good, and asks once for all who need one meanwhile. */
export interface TokenKeeper {
  get(): Promise<TokenOutcome>;
  /** Has the next one ask again: the platform does not take this one. */
  forget(): void;
}

/** Tokens are asked for anew so long before they end. */
const marginMs = 300_000;
const msPerSecond = 1_000;

/** A keeper by a clock that never goes back, in milliseconds. */
export function createTokenKeeper(
  monotonic: () => number,
  ask: () => Promise<TokenOutcome>,
): TokenKeeper {
  let held: { outcome: Promise<TokenOutcome>; until: number } | null = null;
  return {
    forget() {
      held = null;
    },
    async get() {
      if (held !== null && monotonic() < held.until) return held.outcome;
      const asking = { outcome: ask(), until: Number.POSITIVE_INFINITY };
      held = asking;
      const outcome = await asking.outcome;
      if (outcome.kind === 'token') {
        const goodForMs = outcome.forSeconds * msPerSecond;
        asking.until = monotonic() + Math.max(goodForMs - marginMs, goodForMs / 2);
      } else if (held === asking) held = null;
      return outcome;
    },
  };
}
