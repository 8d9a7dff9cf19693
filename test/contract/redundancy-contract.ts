import { describe, expect, it } from 'vitest';
import { nothingHandedOver } from '../../shared/change/handover.ts';
import type { ChangeProgress, ChangeRecord } from '../../shared/change/record.ts';
import type { RedundancyMember } from '../../shared/connection/redundancy.ts';
import type { NewJob } from '../../shared/job/record.ts';
import { found, laneOf, someSettings } from '../helpers/factories-store.ts';
import { type Hand, type Held, next, stepOf, type World } from './lane-store-world.ts';

/** Addresses, or a subnet through one VPC; `-` for nothing that others lead to. */
export function leadingTo(place: string): RedundancyMember {
  const nowhere = { customerAddresses: [], network: 'vpc-1', remoteSubnets: [] };
  if (place === '-') return nowhere;
  return place.includes('/')
    ? { ...nowhere, remoteSubnets: [place] }
    : { ...nowhere, customerAddresses: place.split(',') };
}

export const inGroups = {
  ...someSettings,
  rollout: { ...someSettings.rollout, redundancy: 'groups' },
} as const;

const back = { ...nothingHandedOver, direction: 'back', previous: {} } as const;

/** A hand on a world where connections lead somewhere. */
export interface LeadingWorld {
  /** Releases a job of `name@lane>place`. */
  release(targets: readonly string[], overrides?: Partial<NewJob>): Promise<string>;
  resolve(jobId: string, targets: readonly string[]): Promise<void>;
  /** Takes what every due lane can start; gives the connections begun and the lanes that carry them. */
  startAll(hand?: Hand): Promise<Map<string, Held>>;
}

export function openLeadingWorld(world: World): LeadingWorld {
  async function release(
    targets: readonly string[],
    overrides: Partial<NewJob> = {},
  ): Promise<string> {
    const plain = targets.map((target) => target.split('>')[0] ?? '');
    const jobId = await world.accept(plain, { settings: inGroups, ...overrides });
    await resolve(jobId, targets);
    return jobId;
  }

  async function resolve(jobId: string, targets: readonly string[]): Promise<void> {
    const changes = await world.jobs.listChanges({ jobId, states: null, limit: 100, after: null });
    await world.resolve({
      answer: (id) => {
        const target = targets[changes.findIndex((change) => change.id === id)] ?? '';
        const [short = '', place = '-'] = target.split('>');
        return { ...found({ id }, laneOf(short)), leadsTo: leadingTo(place) } as ReturnType<
          typeof found
        >;
      },
    });
  }

  async function startAll(hand = world.hand()): Promise<Map<string, Held>> {
    const lanes = (await hand.claim()).filter(({ laneKey }) => laneKey.startsWith('gateway:'));
    const begun = new Map<string, Held>();
    const outcomes = await hand.record(
      ...lanes.map((held) => ({ ...stepOf(held, 'queued', next), change: null })),
    );
    outcomes.forEach((outcome, index) => {
      const lane = lanes[index];
      if (outcome.kind !== 'next' || lane === undefined) return;
      const { change } = outcome.assignment;
      begun.set(change.vpnConnectionId, { ...lane, change });
    });
    return begun;
  }

  return { release, resolve, startAll };
}

/** The connections begun. */
export const names = (begun: ReadonlyMap<string, Held>): string[] => [...begun.keys()].sort();

/** Connections that back each other up are never in flight together (P6). */
export function defineRedundancyContract(world: World): void {
  const { release, resolve, startAll } = openLeadingWorld(world);

  describe('connections that back each other up', () => {
    it.each([
      ['one address', 'a@1>1.1.1.1', 'b@2>1.1.1.1'],
      ['one subnet in the other', 'a@1>10.0.0.0/8', 'b@2>10.1.0.0/16'],
    ])('are changed one after the other: %s', async (_, one, other) => {
      await release([one, other, 'c@3>-']);
      const hand = world.hand();
      const first = await startAll(hand);
      const begun = first.get('a') ?? first.get('b');
      const idle = await startAll(hand);
      if (begun) await hand.end(begun);
      const second = await startAll(hand);

      expect(names(first)).toHaveLength(2);
      expect(names(first)).toContain('c');
      expect(names(idle)).toEqual([]);
      expect([...names(first), ...names(second)].sort()).toEqual(['a', 'b', 'c']);
    });

    it('may be in flight together where the plan says so', async () => {
      const settings = someSettings;
      await release(['a@1>1.1.1.1', 'b@2>1.1.1.1'], { settings });

      expect(names(await startAll())).toEqual(['a', 'b']);
    });

    it.each<[string, ChangeRecord['state'], Partial<ChangeProgress>]>([
      ['while its tunnels are proved', 'verifying', { settledAttempts: 1, attempts: 1 }],
      ['while its second key is delivered', 'delivering', { settledAttempts: 1, attempts: 1 }],
      ['while it is taken back', 'rolling_back', { attempts: 1, handover: back }],
      ['while what was before is delivered', 'delivering', { attempts: 1, handover: back }],
    ])('are waited for until what they have begun is over: %s', async (_, state, patch) => {
      await release(['a@1>1.1.1.1']);
      const hand = world.hand();
      const begun = await hand.next(await hand.take('1'));
      const wait = { kind: 'wait', dueInMs: 60_000 } as const;
      await hand.record(stepOf(begun, state, wait, patch));
      await release(['b@2>1.1.1.1', 'c@3>-']);

      expect(names(await startAll(hand))).toEqual(['c']);
    });

    it('are not waited for while a first key is delivered and nothing is written', async () => {
      await release(['a@1>1.1.1.1', 'b@2>1.1.1.1']);
      const hand = world.hand();
      const first = await startAll(hand);
      const [begun] = [...first.values()];
      const errand = { dueInMs: 60_000 };
      if (begun)
        await hand.record({ ...stepOf(begun, 'delivering', next, { step: 'deliver' }), errand });
      const second = await startAll(hand);

      expect([...names(first), ...names(second)].sort()).toEqual(['a', 'b']);
    });

    it('leave their slots to others in the same instant', async () => {
      await release(['a@1>1.1.1.1', 'b@2>1.1.1.1', 'c@3>-', 'd@4>-'], { maxInFlight: 2 });

      expect(names(await startAll())).toEqual(['a', 'c']);
    });

    it('let each other go on when what was begun goes back to wait', async () => {
      await release(['a@1>1.1.1.1', 'b@2>1.1.1.1']);
      const hand = world.hand();
      const first = await startAll(hand);
      const [begun] = [...first.values()];
      if (begun) await hand.record(stepOf(begun, 'queued', { kind: 'requeue', dueInMs: 60_000 }));
      const second = await startAll(hand);

      expect([...names(first), ...names(second)].sort()).toEqual(['a', 'b']);
    });

    it('leave their lanes to others', async () => {
      await release(['a@1>1.1.1.1', 'b@2>1.1.1.1', 'c@2>-', 'd@2>1.1.1.1']);
      const hand = world.hand();
      const first = await hand.next(await hand.take('1'));
      const other = await hand.next(await hand.take('2'));

      expect([first.change?.vpnConnectionId, other.change?.vpnConnectionId]).toEqual(['a', 'c']);
    });

    it('of different jobs keep out of the way of each other too, whoever came first', async () => {
      const one = await release(['a@1>1.1.1.1', 'x@5>-']);
      const two = await release(['b@2>1.1.1.1', 'c@3>10.0.0.0/8']);
      await release(['d@4>10.9.0.0/16']);
      const hand = world.hand();
      const first = await startAll(hand);
      const begun = first.get('a') ?? first.get('b');
      const jobs = [...first.values()].map(({ change }) => change?.jobId);
      if (begun) await hand.end(begun);
      const second = await startAll(hand);

      expect(names(first)).toHaveLength(3);
      expect(jobs.filter((jobId) => jobId === one || jobId === two)).not.toHaveLength(0);
      expect(names(second)).toHaveLength(1);
    });

    it('of a job released while another is at work wait for what that has begun', async () => {
      await release(['a@1>1.1.1.1', 'z@1>-']);
      const hand = world.hand();
      const first = await hand.next(await hand.take('1'));
      await release(['b@2>1.1.1.1']);
      const held = await startAll(hand);
      const last = await hand.end(first);

      expect(first.change?.vpnConnectionId).toBe('a');
      expect(names(held)).toEqual([]);
      expect(last.change?.vpnConnectionId).toBe('z');
      expect(names(await startAll(hand))).toEqual(['b']);
    });

    it('of a job that does not care are waited for, and do not wait', async () => {
      const settings = someSettings;
      await release(['a@1>1.1.1.1'], { settings });
      const hand = world.hand();
      await startAll(hand);
      await release(['b@2>1.1.1.1']);
      const waiting = names(await startAll(hand));
      await release(['c@3>1.1.1.1'], { settings });

      expect(waiting).toEqual([]);
      expect(names(await startAll(hand))).toEqual(['c']);
    });

    it('are known by where a change before them led their connection', async () => {
      await release(['a@1>1.1.1.1,2.2.2.2']);
      await release(['a@1>1.1.1.1']);
      const hand = world.hand();
      const second = await hand.end(await hand.next(await hand.take('1')));
      await release(['b@2>2.2.2.2', 'c@3>-']);

      expect(second.change?.vpnConnectionId).toBe('a');
      expect(names(await startAll(hand))).toEqual(['c']);
    });

    it('are known by where a change leads that was released after them', async () => {
      await release(['a@1>1.1.1.1']);
      await release(['a@1>1.1.1.1,2.2.2.2']);
      await release(['b@2>2.2.2.2', 'c@3>-']);
      const hand = world.hand();
      const begun = await hand.next(await hand.take('2'));

      expect(begun.change?.vpnConnectionId).toBe('b');
      expect(names(await startAll(hand))).toEqual(['c']);
    });

    it('are known by where a change led their connection that ended before their job was released', async () => {
      await release(['a@1>1.1.1.1,2.2.2.2', 'd@4>-']);
      const late = await world.accept(['a@1'], { settings: inGroups });
      const hand = world.hand();
      await world.pass(1_000);
      const first = await hand.next(await hand.take('1'));
      const step = stepOf(first, 'succeeded', next, { step: null, resultFingerprint: 'f' });
      await hand.record(step);
      await resolve(late, ['a@1>1.1.1.1']);
      await release(['b@2>2.2.2.2', 'c@3>-']);
      const begun = await hand.next(await hand.take('1'));

      expect(begun.change?.vpnConnectionId).toBe('a');
      expect(names(await startAll(hand))).not.toContain('b');
    });

    it('are not roused in vain, and none is forgotten', async () => {
      await release(['a@1>1.1.1.1', 'b@2>1.1.1.1']);
      const hand = world.hand();
      await startAll(hand);
      const { roused } = await world.lanes.repair();

      expect(roused).toBe(0);
    });

    it('tell for which change they wait', async () => {
      const jobId = await release(['a@1>1.1.1.1', 'b@2>1.1.1.1']);
      const [begun] = [...(await startAll()).values()];
      const changes = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: null });
      const waiting = changes.find(({ state }) => state === 'queued');

      expect(waiting?.companion).toEqual({
        id: begun?.change?.id,
        jobId,
        vpnConnectionId: begun?.change?.vpnConnectionId,
      });
      expect(changes.find(({ state }) => state !== 'queued')?.companion).toBeNull();
    });
  });
}
