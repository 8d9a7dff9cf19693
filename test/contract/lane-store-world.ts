import { beforeAll, beforeEach } from 'vitest';
import type { ChangeProgress, ChangeRecord } from '../../shared/change/record.ts';
import type { JobRecord, NewJob } from '../../shared/job/record.ts';
import type {
  ClaimedLane,
  Continuation,
  LaneUpdate,
  Resolution,
  UpdateOutcome,
} from '../../shared/lane/lane-store.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { aNewJob, found, laneOf, progress, type ShortTarget } from '../helpers/factories-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import type { StoreSet } from '../simulation/store-set.ts';
import { databaseSubject, type Inside, type StoreSubject } from './store-subjects.ts';

export const leaseSeconds = 30;

/** A lane in a worker's hands, with the change begun on it. */
export interface Held {
  laneKey: string;
  epoch: number;
  change: ChangeRecord | null;
}

/** A worker that does what a test tells it, one call at a time. What it claims of ended jobs it leaves unsealed. */
export interface Hand {
  name: string;
  claim(limit?: number): Promise<Held[]>;
  /** Claims until it has this lane; what else it got it gives back at once. */
  take(lane: string): Promise<Held>;
  record(...updates: LaneUpdate[]): Promise<readonly UpdateOutcome[]>;
  /** Takes the lane's next change. */
  next(held: Held): Promise<Held>;
  /** Ends the lane's change and takes the next one. */
  end(held: Held, state?: 'succeeded' | 'unchanged' | 'failed'): Promise<Held>;
}

/** A claimed lane as a worker goes on with it. */
export function asHeld({ laneKey, epoch, assignment }: ClaimedLane): Held {
  return { laneKey, epoch, change: assignment?.change ?? null };
}

/** The update of a step that leaves the lane's change as given. */
export function stepOf(
  held: Held,
  state: ChangeRecord['state'],
  afterwards: Continuation,
  patch: Partial<ChangeProgress> = {},
): LaneUpdate {
  const { laneKey, epoch } = held;
  const change = held.change === null ? null : progress(held.change, state, patch);
  return { laneKey, epoch, change, events: [], afterwards };
}

export const next: Continuation = { kind: 'next' };

export function handOf({ lanes }: Pick<StoreSet, 'lanes'>, name: string): Hand {
  const record: Hand['record'] = async (...updates) =>
    (await lanes.record(updates, { worker: name, leaseSeconds })).outcomes;
  const claim: Hand['claim'] = async (limit = 100) => {
    const claimed = await lanes.claim({ worker: name, limit, leaseSeconds });
    return claimed.lanes.filter(({ kind }) => kind !== 'job').map(asHeld);
  };
  const following = async (update: LaneUpdate): Promise<Held> => {
    const [outcome] = await record(update);
    const change = outcome?.kind === 'next' ? outcome.assignment.change : null;
    return { laneKey: update.laneKey, epoch: update.epoch, change };
  };
  return {
    name,
    claim,
    record,
    async take(lane) {
      const claimed = await claim();
      const mine = claimed.find(({ laneKey }) => laneKey === lane || laneKey.endsWith(`/${lane}`));
      const others = claimed.filter((held) => held !== mine);
      await record(
        ...others.map((held) =>
          stepOf(held, held.change?.state ?? 'queued', { kind: 'release', dueInMs: 0 }),
        ),
      );
      if (mine === undefined) throw new Error(`lane ${lane} is not due`);
      return mine;
    },
    next: (held) => following({ ...stepOf(held, 'queued', next), change: null }),
    end: (held, state = 'succeeded') => following(stepOf(held, state, next, { step: null })),
  };
}

/** Empty stores under a virtual clock, and what tests do with them all the time. */
export interface World extends StoreSet {
  inside: Inside;
  /** The same stores as another process has them. */
  another(): Promise<StoreSet>;
  clock: FakeClock;
  pass(ms: number): Promise<void>;
  hand(name?: string): Hand;
  accept(targets: readonly ShortTarget[], overrides?: Partial<NewJob>): Promise<string>;
  /** Resolves all jobs that wait (in one region), each target to the lane it names; `answer` may say otherwise. */
  resolve(options?: {
    answer?: (changeId: string) => Resolution | undefined;
    region?: string;
  }): Promise<void>;
  /** Accepts and resolves. */
  release(targets: readonly ShortTarget[], overrides?: Partial<NewJob>): Promise<string>;
  job(jobId: string): Promise<JobRecord>;
  /** The job's changes as `name:state`, in plan order. */
  states(jobId: string): Promise<string[]>;
}

/** A world on a database, for tests of what no other store has. */
export interface SqlWorld extends World {
  database: TestDatabase;
}

/** The stores on one database. */
export function openWorld(database: TestDatabase): SqlWorld {
  return { ...openWorldOn(databaseSubject(database)), database };
}

/** Call it in a `describe`: the stores are emptied before each test. */
export function openWorldOn(subject: StoreSubject): World {
  const clock = new FakeClock();
  const { stores } = subject;
  const laneByChange = new Map<string, string>();
  let follow = (): Promise<void> => Promise.resolve();
  let accepted = 0;

  beforeAll(async () => {
    follow = await subject.follow(clock);
  });
  beforeEach(async () => {
    await subject.empty();
    accepted = 0;
  });

  const world: World = {
    ...stores,
    inside: subject.inside,
    another: () => subject.another(),
    clock,
    async pass(ms) {
      await clock.advance(ms);
      await follow();
    },
    hand: (name = 'worker') => handOf(stores, name),
    async accept(targets, overrides = {}) {
      accepted += 1;
      const job = aNewJob(targets, {
        id: `job_${String(accepted).padStart(3, '0')}`,
        ...overrides,
      });
      for (const [index, { id }] of job.changes.entries()) {
        laneByChange.set(id, laneOf(targets[index] ?? ''));
      }
      await stores.jobs.accept(job);
      return job.id;
    },
    async resolve({ answer = () => undefined, region } = {}) {
      const hand = handOf(stores, 'resolver');
      const claimed = await hand.claim(1000);
      for (const held of claimed) {
        const isRegion = held.laneKey.startsWith('region:');
        if (isRegion && (region === undefined || held.laneKey === `region:${region}`)) {
          const resolutionOf = (id: string): Resolution =>
            answer(id) ?? found({ id }, laneByChange.get(id) ?? '');
          await resolveRegion(stores, held, resolutionOf);
          await hand.next(held);
        } else {
          const back = { kind: 'release', dueInMs: 0 } as const;
          await hand.record(stepOf(held, held.change?.state ?? 'queued', back));
        }
      }
    },
    async release(targets, overrides) {
      const jobId = await world.accept(targets, overrides);
      await world.resolve();
      return jobId;
    },
    async job(jobId) {
      const job = await stores.jobs.get(jobId);
      if (job === null) throw new Error(`no job ${jobId}`);
      return job;
    },
    async states(jobId) {
      const changes = await stores.jobs.listChanges({
        jobId,
        states: null,
        limit: 1000,
        after: null,
      });
      return changes.map((change) => `${change.vpnConnectionId}:${change.state}`);
    },
  };
  return world;
}

/** Resolves what waits in the region of a held lane, as a worker does. */
export async function resolveRegion(
  { resolving }: Pick<StoreSet, 'resolving'>,
  held: Held,
  answer: (changeId: string) => Resolution,
): Promise<void> {
  const regionId = held.laneKey.replace('region:', '');
  for (;;) {
    const work = await resolving.nextInRegion(regionId);
    if (work === null) return;
    const { jobId } = work;
    const saved = await resolving.saveResolutions(
      held,
      jobId,
      work.changes.map(({ id }) => answer(id)),
    );
    const finished =
      saved && (await resolving.finishRegion(held, { jobId, regionId }, () => 'digest'));
    if (!finished) return;
  }
}
