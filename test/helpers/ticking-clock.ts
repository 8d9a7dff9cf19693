import type { Clock } from '../../shared/platform/clock.ts';

/** Goes on by 7 ms with each look. */
export function aTickingClock(): Clock {
  let time = 0;
  const tick = (): number => {
    time += 7;
    return time;
  };
  return { now: tick, monotonic: tick, sleep: () => Promise.resolve() };
}
