import type { ChangeState } from '../change/state.ts';
import type { JobState } from '../job/state.ts';
import type { TallyEntry } from './tally.ts';

/** How a lane stands: `due` and nobody has it, `leased`, `waiting` for a time, `parked` until its jobs have a free slot. */
export const laneConditions = ['due', 'leased', 'waiting', 'parked'] as const;
export type LaneCondition = (typeof laneConditions)[number];

/** What the database tells of the whole fleet at one moment. */
export interface FleetState {
  /** All jobs there are, by state. */
  jobs: Readonly<Record<JobState, number>>;
  /** All their changes, by state. */
  changes: Readonly<Record<ChangeState, number>>;
  lanes: Readonly<Record<LaneCondition, number>>;
  /** Changes that wait for their lane: on all lanes, and on the lane with most of them. */
  waiting: { total: number; longest: number };
  /** For how long the lane that has been due longest has been due; 0 when none is. */
  queueAgeSeconds: number;
  budgets: readonly BudgetState[];
  /** What the processes counted. */
  tallies: readonly TallyEntry[];
}

/** The calls that one action may still make in one region in the present window of 60 seconds. */
export interface BudgetState {
  regionId: string;
  action: string;
  left: number;
}

/** Where the numbers of the whole fleet stand. */
export interface FleetStore {
  /** The numbers now. Raises `unavailable`. */
  read(): Promise<FleetState>;
}
