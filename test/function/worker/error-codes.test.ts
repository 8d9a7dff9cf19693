import { describe, expect, it } from 'vitest';
import { errorTable as cloudTable } from '../../../local/simulator/error-table.ts';
import type { AnsweredClass } from '../../../shared/adapters/aliyun/error-row.ts';
import {
  errorTable,
  unknownFailure,
  unknownRefusal,
} from '../../../shared/adapters/aliyun/error-table.ts';
import { createPgApiBudget } from '../../../shared/adapters/postgres/api-budget.ts';
import type { ChangeError } from '../../../shared/change/record.ts';
import { modifyActionFor } from '../../../shared/connection/vpn-api.ts';
import { type ChangeDetail, changeDetailOf } from '../../../shared/progress/change-body.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { documentedStatuses, families } from '../../helpers/documented-codes.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, planOf, region } from './fleet.ts';
import { portOf, useWorlds } from './worlds.ts';

/** A code as it is forced, and what is to be said of it. */
type Forced = Omit<ChangeError, 'requestId'>;

/** Each documented code, of each family one that only the family covers, and of those that nobody names two. */
const forced: readonly Forced[] = [
  ...errorTable.map((row) => ({
    code: families.find(([pattern]) => pattern === row.code)?.[1] ?? row.code,
    class: row.class,
    message: row.message,
  })),
  { code: 'NobodyNamesThis', ...unknownRefusal },
  { code: 'InternalError.NobodyNamesThis', ...unknownFailure },
];

function codesOf(...classes: readonly AnsweredClass[]): [code: string, each: Forced][] {
  return forced
    .filter((each) => classes.some((name) => name === each.class))
    .map((each) => [each.code, each]);
}

/** What the simulated cloud says in its own words. */
function wordsOfTheCloud(code: string): string {
  const known = new Map<string, readonly [status: number, message: string]>(
    Object.entries(cloudTable),
  );
  return known.get(code)?.[1] ?? `The request failed with ${code}.`;
}

/** The changes of a job as callers see them, in plan order. */
async function changesOf({ jobs }: VirtualWorld, jobId: string): Promise<ChangeDetail[]> {
  const changes = await jobs.listChanges({ jobId, states: null, limit: 100, after: null });
  return Promise.all(
    changes.map(async (change) => changeDetailOf(change, await jobs.listEvents(change.id))),
  );
}

/** The errors in the journal's events of one kind. */
function journalled({ steps }: ChangeDetail, kind: string): unknown[] {
  return steps.filter((step) => step.kind === kind).map(({ data }) => data.error);
}

function writesTo({ simulator }: VirtualWorld, { vpnConnectionId }: ChangeDetail) {
  return simulator.record.writes().filter((write) => write.vpnConnectionId === vpnConnectionId);
}

function tokensTo(world: VirtualWorld, change: ChangeDetail): Set<string | null> {
  return new Set(writesTo(world, change).map(({ clientToken }) => clientToken));
}

/** What is to stand with the change for each time the cloud answered it with the code. */
function errorsOf(world: VirtualWorld, change: ChangeDetail, each: Forced): ChangeError[] {
  return writesTo(world, change)
    .filter(({ code }) => code === each.code)
    .map(({ requestId }) => ({ ...each, requestId }));
}

interface RunOptions {
  targets?: readonly string[];
  /** Done once the cloud has answered a write, before the worker sees the answer. */
  afterEachWrite?: (world: VirtualWorld) => void;
}

const names = ['a', 'b'];
/** One connection on a VPN gateway and one on a transit router, so that both kinds of modification meet the code. */
const bothKinds = (sim: string) => ({ 'a@1': { sim }, b: { sim } });

describe('every code of the cloud, forced', () => {
  const database = withPostgres();
  const open = useWorlds(database);
  const limits = { readsPerMinute: 480, writesPerMinute: 100 };
  const budget = createPgApiBudget(database, { account: 'default', limits });

  /** One job over a fleet, run to its end. Nothing that callers see may hold the cloud's own words. */
  async function run(
    { code }: Forced,
    fleet: Parameters<typeof aFleet>[0],
    { targets = names, afterEachWrite = () => {} }: RunOptions = {},
  ) {
    const world = await open({
      simulator: { inventory: aFleet(fleet) },
      limits,
      wrapApi: (api) => ({
        ...portOf(api),
        modify: (request) => api.modify(request).finally(() => afterEachWrite(world)),
      }),
    });
    const { id } = await world.submit(planOf(targets, { onFailure: 'continue' }));
    await world.drain();
    const changes = await changesOf(world, id);
    const job = await world.jobs.get(id);
    const shown = JSON.stringify({ changes, job });
    expect(shown).toContain(code);
    expect(shown).not.toContain(JSON.stringify(wordsOfTheCloud(code)).slice(1, -1));
    expect(world.simulator.record.overlaps()).toEqual([]);
    return { world, changes, job, states: changes.map(({ state }) => state) };
  }

  it('covers what the documents name, by code and by pattern', () => {
    const examples = families.map(([, example]) => example);
    const codes = new Set(forced.map(({ code }) => code));

    expect([...documentedStatuses.keys(), ...examples].filter((code) => !codes.has(code))).toEqual(
      [],
    );
  });

  it.each(codesOf('busy'))('%s is waited for, and a new request goes out', async (_, each) => {
    const { world, changes, states } = await run(each, bothKinds(`sim:error=${each.code}@2`));

    expect(states).toEqual(['succeeded', 'succeeded']);
    for (const change of changes) {
      const errors = errorsOf(world, change, each);
      expect(errors).toHaveLength(2);
      expect(journalled(change, 'requeued')).toEqual(errors);
      expect(change).toMatchObject({ attempts: 1, lastError: null });
      expect(tokensTo(world, change).size).toBe(3);
    }
  });

  it.each(codesOf('throttled'))('%s slows down, and the same goes out', async (_, each) => {
    const { world, changes, states } = await run(each, bothKinds(`sim:error=${each.code}@1`));

    expect(states).toEqual(['succeeded', 'succeeded']);
    for (const change of changes) {
      const errors = errorsOf(world, change, each);
      expect(errors).toHaveLength(1);
      expect(journalled(change, 'requeued')).toEqual(errors);
      expect(change).toMatchObject({ attempts: 1, lastError: null });
      expect(tokensTo(world, change).size).toBe(1);
    }
    for (const attachType of ['VPNGW', 'CEN'] as const) {
      const scope = {
        regionId: region,
        action: modifyActionFor({ attachType, part: 'connection' }),
      };
      // Half of what is allowed, less the two that were sent.
      expect(await budget.take(scope, 1_000)).toMatchObject({ granted: 48 });
    }
  });

  it.each(codesOf('unknown_fate'))('%s is read back, then repeated', async (_, each) => {
    const { world, changes, states } = await run(each, bothKinds(`sim:error=${each.code}@1`));

    expect(states).toEqual(['succeeded', 'succeeded']);
    for (const change of changes) {
      const errors = errorsOf(world, change, each);
      expect(errors).toHaveLength(1);
      expect(journalled(change, 'unknown_fate')).toEqual(errors);
      expect(change).toMatchObject({ attempts: 2, lastError: null });
      expect(tokensTo(world, change).size).toBe(1);
    }
    expect(effectiveWrites(world).sort()).toEqual(names);
  });

  it.each(codesOf('unknown_fate'))('%s is read back, and may be done', async (_, each) => {
    const wanted = { IkeEncAlg: 'aes256', Psk: 'newKey0123456789' };
    const { world, changes, states } = await run(
      each,
      { 'a@1': { sim: `sim:error=${each.code}` } },
      {
        targets: ['a'],
        afterEachWrite: ({ simulator: { state } }) => {
          const { ike } = state.connection(region, 'vco-a');
          state.tamper(region, 'vco-a', { ike: { ...ike, ...wanted } }, { settleMs: 5_000 });
        },
      },
    );

    expect(states).toEqual(['succeeded']);
    for (const change of changes) {
      expect(journalled(change, 'unknown_fate')).toEqual(errorsOf(world, change, each));
      expect(change).toMatchObject({ attempts: 1, lastError: null });
      expect(writesTo(world, change).filter(({ source }) => source === 'api')).toHaveLength(1);
    }
  });

  it.each(codesOf('invalid', 'quota', 'locked', 'not_found'))(
    '%s fails its change, and the rest goes on',
    async (_, each) => {
      const fleet = { ...bothKinds(`sim:error=${each.code}`), 'c@1': {} };
      const { world, changes, states, job } = await run(each, fleet, { targets: [...names, 'c'] });

      expect(states).toEqual(['failed', 'failed', 'succeeded']);
      for (const change of changes.slice(0, 2)) {
        const errors = errorsOf(world, change, each);
        expect(errors).toHaveLength(1);
        expect(change).toMatchObject({ attempts: 0, lastError: errors[0] });
        expect(journalled(change, 'finished')).toEqual(errors);
      }
      expect(effectiveWrites(world)).toEqual(['c']);
      expect(job?.state).toBe('failed');
    },
  );

  it.each(codesOf('permission', 'credentials'))('%s stops the job', async (_, each) => {
    for (const short of ['a@1', 'a']) {
      const fleet = { [short]: { sim: `sim:error=${each.code}` } };
      const { world, changes, states, job } = await run(each, fleet, { targets: ['a', 'a'] });

      expect(states).toEqual(['failed', 'cancelled']);
      for (const change of changes.slice(0, 1)) {
        const errors = errorsOf(world, change, each);
        expect(errors).toHaveLength(1);
        expect(change).toMatchObject({ attempts: 0, lastError: errors[0] });
      }
      expect(world.simulator.record.writes()).toHaveLength(1);
      expect(job?.state).toBe('failed');
      expect(job?.reason).toBe(`stopped: ${each.message} (${each.code})`);
    }
  });
});
