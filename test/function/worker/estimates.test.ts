import { describe, expect, it } from 'vitest';
import { waitingForOf } from '../../../shared/progress/waiting-for.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, aPair, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const minuteMs = 60_000;
/** Long beside what looking and reading take, and known to nobody but the cloud. */
const settleMs = { min: 75_000, max: 75_000 };
/** What is in flight as it is asked may be nearly over, and minutes are rounded up. */
const tolerance = 75 / 60 + 1;
const onGateway = ['g0', 'g1', 'g2', 'g3'];
const pairs = ['p0', 'p1', 'p2'];
const attachments = ['a0', 'a1', 'a2', 'a3', 'a4'];

const newValues = { set: { IkeConfig: { IkePfs: 'group14' } }, acceptOutage: true };

/** What was said of when a change begins, in minutes after it was asked. */
interface Said {
  least: number | null;
  most: number | null;
}

/** By connection what was said. */
async function said(world: VirtualWorld, jobId: string): Promise<Map<string, Said>> {
  const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
  return new Map(
    changes
      .filter(({ state }) => state === 'queued')
      .map((change) => {
        const sentence = waitingForOf(change) ?? '';
        const minutes = (pattern: RegExp): number | null => {
          const [, told] = pattern.exec(sentence) ?? [];
          return told === undefined ? null : Number(told);
        };
        const least = minutes(/ it begins in (\d+) min or more\.$/);
        return [change.vpnConnectionId, { least, most: minutes(/ it begins within (\d+) min\.$/) }];
      }),
  );
}

async function began(world: VirtualWorld, jobId: string): Promise<ReadonlyMap<string, number>> {
  const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
  return new Map(
    changes.map(({ vpnConnectionId, startedAt }) => [vpnConnectionId, Date.parse(startedAt ?? '')]),
  );
}

describe('a change that waits', () => {
  const open = useWorlds(withPostgres());

  /** Submits them, `before` by an older job, and asks half a minute after the start what each change waits for, and with that gives when it did begin, in minutes from then. */
  async function saidAndBegan(
    names: readonly string[],
    rollout: Record<string, unknown>,
    plan: Record<string, unknown> = {},
    before: readonly string[] = [],
  ): Promise<readonly (Said & { connection: string; began: number })[]> {
    const fleet = Object.fromEntries([
      ...[...onGateway.map((name) => `${name}@1`), ...attachments].map((name) => [name, {}]),
      ...pairs.map((name) => [`${name}@2`, aPair(name)]),
    ]);
    const world = await open({ simulator: { inventory: aFleet(fleet), settleMs } });
    const worker = world.worker();
    const first = await world.submit(planOf(['g0', 'a0']));
    await world.drain(worker);
    expect((await world.jobs.get(first.id))?.state).toBe('succeeded');

    if (before.length > 0)
      await world.submit(planOf(before, { set: { IkeConfig: { IkeEncAlg: 'aes192' } } }));
    const { id } = await world.submit(planOf(names, { set: { Name: 'again' }, rollout, ...plan }));
    const draining = world.drain(worker);
    await world.clock.sleep(minuteMs / 2);
    const askedAt = world.clock.now();
    const estimates = await said(world, id);
    await draining;
    const starts = await began(world, id);
    return [...estimates].map(([connection, told]) => {
      const start = starts.get(connection) ?? Number.NaN;
      return { connection, ...told, began: (start - askedAt) / minuteMs };
    });
  }

  it.each([
    ['on its lane', onGateway, {}, {}],
    ['for a slot', attachments, { concurrency: 2 }, {}],
    ['on its lane, where each has two tunnels', pairs, {}, newValues],
  ])(
    'begins within the minutes that it says, and not much sooner: %s',
    { timeout: 60_000 },
    async (_, names, rollout, plan) => {
      const waiting = await saidAndBegan(names, rollout, plan);
      // A pair's first tunnel may be nearly over too.
      const late = plan === newValues ? 2 * tolerance : tolerance;

      expect(waiting.length).toBeGreaterThan(1);
      expect(
        waiting.filter(({ most, began: is }) => most === null || is > most || is <= most - late),
      ).toEqual([]);
    },
  );

  it('begins within the minutes that it says where long lanes get slots first', {
    timeout: 60_000,
  }, async () => {
    const waiting = await saidAndBegan(['a0', ...onGateway], { concurrency: 1 });

    expect(waiting).toHaveLength(4);
    expect(waiting.filter(({ most, began: is }) => most === null || is > most)).toEqual([]);
  });

  it('begins no sooner than it says where an older job changes the same connections', {
    timeout: 60_000,
  }, async () => {
    const waiting = await saidAndBegan(onGateway, {}, {}, onGateway);
    const last = waiting.find(({ connection }) => connection.endsWith('g3'));

    expect(waiting).toHaveLength(4);
    expect(
      waiting.filter(({ least, most, began: is }) => is < (least ?? 0) || most !== null),
    ).toEqual([]);
    expect(last).toMatchObject({ least: expect.any(Number) });
  });

  it.each([
    ['of others', attachments, { concurrency: 2, batches: [1, 3, '100%'] }],
    [
      'behind a long lane',
      ['a0', ...onGateway, ...attachments.slice(1)],
      { concurrency: 4, batches: [5, 7, '100%'] },
    ],
  ])(
    'in a batch begins no sooner than it says, and says nothing of the most: %s',
    { timeout: 60_000 },
    async (_, names, rollout) => {
      const waiting = await saidAndBegan(names, rollout);
      const later = waiting.filter(({ connection }) => /a[34]$/.test(connection));

      expect(later).toHaveLength(2);
      expect(
        later.filter(({ least, most, began: is }) => least === null || is < least || most !== null),
      ).toEqual([]);
    },
  );
});
