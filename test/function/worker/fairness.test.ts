import { describe, expect, it } from 'vitest';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld, VirtualWorldOptions } from '../../helpers/virtual-world.ts';
import { aFleet, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

/** How much longer free lanes may take beside stuck ones. */
const allowed = 1.1;

function named(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Twenty-four gateways with five connections each, and eighty attachments: 200 changes on 104 lanes. */
const free = [...named('g', 120).map((name, index) => `${name}@${index % 24}`), ...named('t', 80)];

/** Of each kind of lane, one that never settles, one that somebody keeps busy, and one that only answers that it is busy. */
const stuck = {
  'sim:never-settles': ['never-g@never', 'behind-g@never', 'never-t'],
  'sim:error=IncorrectStatus.VpnConnection': ['refuses-g@refuses', 'refuses-t'],
  frozen: ['frozen-g@frozen', 'frozen-t'],
};

/** More of those whose looks cost most: each is read alone. */
const more = {
  'sim:never-settles': named('never-more', 6),
  'sim:error=IncorrectStatus.VpnConnection': [],
  frozen: named('frozen-more', 6),
};

const nameOf = (short: string): string => short.split('@')[0] ?? '';
const namesOf = (lanes: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.values(lanes).flat().map(nameOf);
const simulated = Object.entries(stuck).concat(Object.entries(more));
const inventory = aFleet(
  Object.fromEntries([
    ...free.map((short) => [short, {}]),
    ...simulated.flatMap(([sim, shorts]) =>
      shorts.map((short) => [short, sim === 'frozen' ? {} : { sim }]),
    ),
  ]),
);

interface Setting extends Pick<VirtualWorldOptions, 'settings' | 'limits'> {
  /** Of the job of the free ones. */
  concurrency: number | string;
  lanes: readonly string[];
}

/** When the free ones ended after their job was submitted: the last of them, and on average. Milliseconds. */
interface Ends {
  last: number;
  mean: number;
}

async function endsOf(
  lanes: readonly string[],
  { world, jobId, since }: { world: VirtualWorld; jobId: string; since: number },
): Promise<Ends> {
  const changes = await world.jobs.listChanges({ jobId, states: null, limit: 1_000, after: null });
  const names = new Set(lanes.map((short) => `vco-${nameOf(short)}`));
  const ends = changes
    .filter(({ vpnConnectionId, state }) => names.has(vpnConnectionId) && state === 'succeeded')
    .map(({ finishedAt }) => Date.parse(finishedAt ?? '') - since);
  // One that is not over yet did not end in time.
  const all = [...ends, ...Array(lanes.length - ends.length).fill(Number.POSITIVE_INFINITY)];
  return { last: Math.max(...all), mean: all.reduce((sum, ms) => sum + ms, 0) / all.length };
}

describe('hundreds of free lanes', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  /** Runs the free ones in one job, with stuck ones before them in the same job and in another one, for so long. */
  async function run(
    { concurrency, lanes, ...options }: Setting,
    beside: { sameJob: readonly string[]; otherJob: readonly string[] },
    limitMs: number,
  ): Promise<Ends> {
    await emptyAllTables(database);
    const settleMs = { min: 10_000, max: 30_000 };
    const world = await open({ ...options, simulator: { inventory, latencyMs: 50, settleMs } });
    for (const name of [...stuck.frozen, ...more.frozen].map(nameOf))
      world.simulator.state.tamper(region, `vco-${name}`, {}, { settleMs: 1e9 });
    const goOn = { onFailure: 'continue' };
    if (beside.otherJob.length > 0) await world.submit(planOf(beside.otherJob, goOn));
    const since = world.clock.now();
    const { id } = await world.submit(
      planOf([...beside.sameJob, ...lanes.map(nameOf)], { ...goOn, rollout: { concurrency } }),
    );
    await world.drain(world.worker(), limitMs);
    const ends = await endsOf(lanes, { world, jobId: id, since });
    await world.close();
    return ends;
  }

  it.each<[string, Setting, { sameJob: string[]; otherJob: string[] }]>([
    [
      'in their own job and in another one',
      { concurrency: '100%', lanes: free },
      { sameJob: namesOf(stuck), otherJob: namesOf(more) },
    ],
    [
      'more than a worker advances at once, on a budget of which they alone could use up all',
      {
        concurrency: '100%',
        lanes: free,
        settings: { concurrency: 10 },
        limits: { readsPerMinute: 150, writesPerMinute: 100 },
      },
      { sameJob: [], otherJob: [...namesOf(stuck), ...namesOf(more)] },
    ],
    [
      'in another job, while their own has ten slots',
      { concurrency: 10, lanes: free.filter((_, index) => index % 2 === 0) },
      { sameJob: [], otherJob: namesOf(stuck) },
    ],
  ])(
    'end in hardly more time beside stuck ones: %s',
    { timeout: 180_000 },
    async (_, setting, beside) => {
      const alone = await run(setting, { sameJob: [], otherJob: [] }, 3_600_000);
      const together = await run(setting, beside, allowed * alone.last + 1_000);

      expect(together.last).toBeLessThanOrEqual(allowed * alone.last);
      expect(together.mean).toBeLessThanOrEqual(allowed * alone.mean);
    },
  );
});
