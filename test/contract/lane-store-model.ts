import { expect } from 'vitest';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { isFinalChange } from '../../shared/change/state.ts';
import type { LaneUpdate, Resolution } from '../../shared/lane/lane-store.ts';
import { aNewJob, found, laneOf, refused, someSettings } from '../helpers/factories-store.ts';
import type { StoreSet } from '../simulation/store-set.ts';
import {
  asHeld,
  type Held,
  leaseSeconds,
  next,
  resolveRegion,
  stepOf,
} from './lane-store-world.ts';

/** Numbers in [0, 1) that follow from a seed. */
export type Dice = () => number;

/** Mulberry32: good enough to spread choices, the same everywhere. */
export function diceOf(seed: number): Dice {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function below(dice: Dice, limit: number): number {
  return Math.floor(dice() * limit);
}

/** Few lanes and connections, so that everything meets; a connection is now and then found on another lane. */
function aTargetOf(dice: Dice): string {
  const connection = below(dice, 7);
  const region = connection % 3 === 0 ? 'south' : 'north';
  const lane = dice() < 0.15 ? below(dice, 4) : connection % 4;
  return `${region}/c${connection}@${lane}`;
}

/** Some lead to one router: they back each other up. */
function foundAt(id: string, target: string): Resolution {
  const connection = Number(/c(\d)@/.exec(target)?.[1]);
  const customerAddresses = connection < 5 ? [`198.51.100.${connection % 2}`] : [];
  const leadsTo = { customerAddresses, network: null, remoteSubnets: [] };
  return { ...found({ id }, laneOf(target)), leadsTo } as Resolution;
}

const ends = ['succeeded', 'succeeded', 'unchanged', 'failed'] as const;

/** The next step of a change: something that a worker could do now. */
function aStep(dice: Dice, held: Held): LaneUpdate {
  if (held.change === null) return stepOf(held, 'queued', next);
  const roll = dice();
  const settling = { step: 'settle', attempts: held.change.attempts + 1 } as const;
  if (roll < 0.15) return stepOf(held, 'settling', { kind: 'keep' }, settling);
  const dueInMs = below(dice, 3_000);
  if (roll < 0.35) return stepOf(held, 'settling', { kind: 'release', dueInMs }, settling);
  if (roll < 0.45) return stepOf(held, 'verifying', { kind: 'wait', dueInMs }, { step: 'read' });
  if (roll < 0.55 && held.change.state === 'applying')
    return stepOf(held, 'queued', { kind: 'requeue', dueInMs }, { step: null });
  const end = stepOf(held, ends[below(dice, ends.length)] ?? 'failed', next, { step: null });
  const ended = { ...end, events: [{ kind: 'finished', data: {} }] as const };
  return roll > 0.97 ? { ...ended, stopsJob: 'stopped: no permission' } : ended;
}

/** Somebody who accepts jobs and works on lanes by chance, as workers do, and sometimes forgets what it holds. */
export class Actor {
  readonly held = new Map<string, Held>();
  readonly #stores: StoreSet;
  readonly #name: string;
  readonly #accepted: Map<string, string>;

  /** `accepted` is shared by all actors of a test: the target of each change, with the lane on which it will be found. */
  constructor(stores: StoreSet, name: string, accepted: Map<string, string>) {
    this.#stores = stores;
    this.#name = name;
    this.#accepted = accepted;
  }

  async accept(dice: Dice, id: string): Promise<void> {
    const targets = Array.from({ length: 1 + below(dice, 6) }, () => aTargetOf(dice));
    const redundancy = dice() < 0.8 ? 'groups' : 'none';
    const job = aNewJob(targets, {
      id,
      settings: { ...someSettings, rollout: { ...someSettings.rollout, redundancy } },
      maxInFlight: 1 + below(dice, 3),
      failurePolicy: {
        onFailure: dice() < 0.6 ? 'stop' : 'continue',
        maxErrors: below(dice, 3),
      },
    });
    for (const [index, change] of job.changes.entries())
      this.#accepted.set(change.id, targets[index] ?? '');
    await this.#stores.jobs.accept(job);
  }

  /** How many lanes it got. Regions are resolved at once, unless it forgets them. */
  async claim(dice: Dice, limit: number): Promise<number> {
    const { lanes } = await this.#stores.lanes.claim({ worker: this.#name, limit, leaseSeconds });
    expect(lanes.length).toBeLessThanOrEqual(limit);
    for (const lane of lanes) {
      const held = asHeld(lane);
      if (held.change) expect(isFinalChange(held.change.state)).toBe(false);
      if (held.change) expect(held.change.state).not.toBe('queued');
      if (lane.kind !== 'region') this.held.set(lane.laneKey, held);
      else if (dice() < 0.9) await this.#resolve(dice, held);
    }
    return lanes.length;
  }

  async #resolve(dice: Dice, held: Held): Promise<void> {
    const answer = (id: string): Resolution =>
      dice() < 0.05 ? refused({ id }) : foundAt(id, this.#accepted.get(id) ?? '');
    await resolveRegion(this.#stores, held, answer);
    await this.record([stepOf(held, 'queued', next)]);
  }

  /** Does a step on about so large a part of the lanes it holds, all in one call. */
  async step(dice: Dice, share: number): Promise<void> {
    const updates = [...this.held.values()]
      .filter(() => dice() < share)
      .map((held) => aStep(dice, held));
    await this.record(updates);
  }

  async record(updates: readonly LaneUpdate[]): Promise<void> {
    const lease = { worker: this.#name, leaseSeconds };
    const { outcomes } = await this.#stores.lanes.record(updates, lease);
    for (const [index, { laneKey, epoch, change, afterwards }] of updates.entries()) {
      const outcome = outcomes[index];
      const before = this.held.get(laneKey);
      this.held.delete(laneKey);
      if (outcome?.kind === 'next')
        this.held.set(laneKey, { laneKey, epoch, change: outcome.assignment.change });
      if (outcome?.kind === 'written' && afterwards.kind === 'keep' && before?.change)
        this.held.set(laneKey, { ...before, change: { ...before.change, ...change } });
    }
  }

  /** Like a crash: the leases run out. */
  forget(dice: Dice): void {
    for (const laneKey of this.held.keys()) if (dice() < 0.5) this.held.delete(laneKey);
  }

  async renew(): Promise<void> {
    const lost = await this.#stores.lanes.renew([...this.held.values()], leaseSeconds);
    for (const { laneKey } of lost) this.held.delete(laneKey);
  }
}

/** Works until nothing is due any more; without `repair`, so that a lost wake-up shows. */
export async function driveToTheEnd(
  { lanes }: StoreSet,
  actors: readonly Actor[],
  pass: (ms: number) => Promise<void>,
): Promise<void> {
  const dice = diceOf(1);
  for (let round = 0; round < 2_000; round += 1) {
    for (const actor of actors) {
      await actor.claim(() => 0.5, 100);
      await actor.step(dice, 1);
    }
    const { nextDueInMs } = await lanes.claim({ worker: 'nobody', limit: 0, leaseSeconds });
    const busy = actors.some((actor) => actor.held.size > 0);
    if (nextDueInMs === null && !busy) return;
    if (!busy) await pass(Math.max(1, Math.ceil(nextDueInMs ?? 0)));
  }
  expect.unreachable('there is always something due');
}

/** Logs each move of a change in the order of the writes, for {@link checkHistory}. */
export async function keepHistory(database: Database): Promise<void> {
  await database.script(`
    CREATE TABLE IF NOT EXISTS lanekeeper.test_history (
      n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, change_id text, lane_key text, connection text, position bigint,
      seq int, was text, became text, joined boolean);
    CREATE OR REPLACE FUNCTION lanekeeper.keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO lanekeeper.test_history (change_id, lane_key, connection, position, seq, was, became, joined)
      VALUES (new.id, new.lane_key, new.region_id || '/' || new.vpn_connection_id, new.position, new.seq,
              old.state, new.state, new.released AND NOT old.released);
      RETURN NULL;
    END $$;
    DROP TRIGGER IF EXISTS keep_history ON lanekeeper.change;
    CREATE TRIGGER keep_history AFTER UPDATE ON lanekeeper.change FOR EACH ROW
      WHEN (old.state <> new.state OR old.released <> new.released) EXECUTE FUNCTION lanekeeper.keep_history();`);
}
