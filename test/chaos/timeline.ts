import { createRandom, type Random } from '../../local/simulator/random.ts';

/** What a network does to the data that passes for a while. `mute`: the connection seems alive and nothing arrives. */
export type Trouble = 'late' | 'cut-request' | 'cut-reply' | 'mute-request' | 'mute-reply';

/** Lost replies leave more to find out than lost requests: they come twice as often. */
const troubles = [
  'late',
  'cut-request',
  'mute-request',
  ...(['cut-reply', 'mute-reply', 'cut-reply', 'mute-reply'] as const),
] as const;

/** One thing that goes wrong, so many milliseconds after the start. */
export type Mishap = { readonly atMs: number } & (
  | { readonly kind: 'kill' }
  /** A worker is stopped for longer than its leases, and goes on. */
  | { readonly kind: 'suspend'; readonly forMs: number }
  /** The database ends at once and recovers; with `againAfterMs` once more in the middle of that. */
  | { readonly kind: 'restart-database'; readonly againAfterMs: number | null }
  | {
      readonly kind: 'weather';
      readonly over: 'cloud' | 'database';
      readonly trouble: Trouble;
      readonly forMs: number;
    }
  /** Somebody at the console keeps a gateway or attachment busy; `pick` in [0, 1) says which. */
  | { readonly kind: 'console'; readonly pick: number; readonly settleMs: number }
);

/** How often each thing happens, on average every so many milliseconds. */
const everyMs = {
  kill: 6_000,
  suspend: 7_000,
  restart: 12_000,
  cloudWeather: 2_000,
  databaseWeather: 6_000,
  console: 700,
};

/** Moments of one kind: each comes half to one and a half of the mean after the one before. */
function moments(random: Random, mean: number, untilMs: number): number[] {
  const found: number[] = [];
  const step = (): number => Math.round(mean * (0.5 + random.next()));
  for (let at = step(); at < untilMs; at += step()) found.push(at);
  return found;
}

/** Some kills find no worker, or one that is starting: so many more are planned than wanted. */
const spareKills = 1.4;

/**
 * Everything that goes wrong in a run of this length, in order: the same seed gives the same. `kills` says how many workers are
 * to be killed at least, where that is more than usual.
 */
export function timelineOf(seed: number, lengthMs: number, kills = 0): readonly Mishap[] {
  const killEveryMs = Math.min(everyMs.kill, lengthMs / (kills * spareKills));
  const random = createRandom(seed);
  const at = (mean: number, mishap: (atMs: number) => Mishap): Mishap[] =>
    moments(random, mean, lengthMs).map(mishap);
  const weather = (over: 'cloud' | 'database', mean: number): Mishap[] =>
    at(mean, (atMs) => ({
      atMs,
      kind: 'weather',
      over,
      trouble: random.pick(troubles),
      forMs: random.integer(400, 1_600),
    }));
  return [
    ...at(killEveryMs, (atMs) => ({ atMs, kind: 'kill' })),
    ...at(everyMs.suspend, (atMs) => ({
      atMs,
      kind: 'suspend',
      forMs: random.integer(2_500, 7_000),
    })),
    ...at(everyMs.restart, (atMs) => ({
      atMs,
      kind: 'restart-database',
      againAfterMs: random.chance(0.5) ? random.integer(0, 200) : null,
    })),
    ...weather('cloud', everyMs.cloudWeather),
    ...weather('database', everyMs.databaseWeather),
    ...at(everyMs.console, (atMs) => ({
      atMs,
      kind: 'console',
      pick: random.next(),
      settleMs: random.integer(200, 1_500),
    })),
  ].sort((a, b) => a.atMs - b.atMs);
}
