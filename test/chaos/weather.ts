import { createRandom } from '../../local/simulator/random.ts';
import type { BreakableProxy, Passage } from '../helpers/breakable-proxy.ts';
import type { Trouble } from './timeline.ts';

/** The network in front of one server. */
export interface Weather {
  /** From now on, for so long, a share of what passes meets this trouble. A later one takes its place. */
  set(trouble: Trouble, forMs: number): void;
  clear(): void;
  /** Answers that were lost after their request had gone through. */
  lostReplies(): number;
  /** Requests that never arrived. */
  lostRequests(): number;
}

/** How a network behaves. */
export interface Climate {
  seed: number;
  /** The share of pieces that a trouble strikes. */
  share: number;
  /** Every piece is late by up to so many milliseconds. */
  latencyMs: number;
  /** How late a `late` piece is. */
  lateMs: { min: number; max: number };
  /** How long a muted connection seems alive. */
  muteMs: { min: number; max: number };
  now(): number;
}

const strikes: Readonly<Record<Trouble, { from: 'client' | 'server' | null; mute: boolean }>> = {
  late: { from: null, mute: false },
  'cut-request': { from: 'client', mute: false },
  'cut-reply': { from: 'server', mute: false },
  'mute-request': { from: 'client', mute: true },
  'mute-reply': { from: 'server', mute: true },
};

/** Puts a proxy under weather. */
export function weatherOver(proxy: BreakableProxy, climate: Climate): Weather {
  const { share, latencyMs, lateMs, muteMs } = climate;
  const random = createRandom(climate.seed);
  const lost = { client: 0, server: 0 };
  let now: { trouble: Trouble; until: number } | null = null;

  function strike(trouble: Trouble, from: 'client' | 'server'): Passage | null {
    const how = strikes[trouble];
    if ((how.from !== null && how.from !== from) || !random.chance(share)) return null;
    if (how.from === null) return { kind: 'late', ms: random.integer(lateMs.min, lateMs.max) };
    lost[from] += 1;
    return how.mute
      ? { kind: 'mute', ms: random.integer(muteMs.min, muteMs.max) }
      : { kind: 'cut' };
  }

  proxy.treat((from) => {
    const current = now !== null && climate.now() < now.until ? now.trouble : null;
    const struck = current === null ? null : strike(current, from);
    return struck ?? { kind: 'late', ms: random.integer(0, latencyMs) };
  });
  return {
    set(trouble, forMs) {
      now = { trouble, until: climate.now() + forMs };
    },
    clear() {
      now = null;
    },
    lostReplies: () => lost.server,
    lostRequests: () => lost.client,
  };
}
