import type { Rates } from './choices.ts';
import type { Actor, Fate } from './stage.ts';

/** What may befall any call of a process. */
const troubles = [
  'dies before it',
  'dies after it',
  'stands still before it',
  'stands still after it',
  'arrives late',
  'is answered late',
] as const;
type Trouble = (typeof troubles)[number];

/** How often what befalls a call of a process; a process that is asked thousands of times has to live for a while. */
const usual: Rates<Trouble> = [
  ['dies before it', 0.008],
  ['dies after it', 0.014],
  ['stands still before it', 0.008],
  ['stands still after it', 0.008],
  ['arrives late', 0.04],
  ['is answered late', 0.03],
];

/** Around a write to the cloud everything is at stake. */
const crucial: Rates<Trouble> = [
  ['dies before it', 0.05],
  ['dies after it', 0.1],
  ['stands still before it', 0.08],
  ['stands still after it', 0.08],
  ['arrives late', 0.05],
  ['is answered late', 0.05],
];

const lateMs = { min: 50, max: 3_000 };

/** What befalls the call of this moment. A process stands still for about one lease: a little less, or more. */
export function fateOf(
  actor: Actor,
  moment: string,
  options: { leaseMs: number; isCrucial: boolean },
): Fate {
  const { choices } = actor.stage;
  const trouble = choices.strike(moment, options.isCrucial ? crucial : usual);
  const late = choices.within(lateMs.min, lateMs.max, 'late', moment);
  const { leaseMs } = options;
  const forMs = choices.within(Math.floor(leaseMs / 2), leaseMs * 3, 'still', moment);
  switch (trouble) {
    case 'dies before it':
      return { dies: 'before' };
    case 'dies after it':
      return { dies: 'after' };
    case 'stands still before it':
      return { stops: { when: 'before', forMs } };
    case 'stands still after it':
      return { stops: { when: 'after', forMs } };
    case 'arrives late':
      return { lateMs: late };
    case 'is answered late':
      return { replyLateMs: late };
    case null:
      return {};
  }
}
