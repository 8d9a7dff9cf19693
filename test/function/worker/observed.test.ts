import { describe, expect, it } from 'vitest';
import { createPgFleetStore } from '../../../shared/adapters/postgres/fleet-store.ts';
import { exposition } from '../../../shared/metrics/exposition.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';
import { aFleet, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const limits = { readsPerMinute: 480, writesPerMinute: 100 };

describe('what a worker tells of its changes', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  async function runJob() {
    const { logger, lines } = createRecordingLogger();
    const inventory = aFleet({
      'a@1': {},
      'b@1': { sim: 'sim:error=IllegalParam.LocalAsn' },
      c: {},
    });
    const world = await open({
      logger,
      simulator: { inventory, settleMs: { min: 8_000, max: 8_000 } },
    });
    const job = await world.submit(planOf(['a', 'b', 'c'], { onFailure: 'continue' }));
    await world.drain();
    const told = lines.map((line): Record<string, unknown> => JSON.parse(line));
    return { world, job, told };
  }

  it('is one line for the end of each, with all of its ids, and one for each step', async () => {
    const { world, job, told } = await runJob();

    const changes = await world.jobs.listChanges({
      jobId: job.id,
      states: null,
      limit: 10,
      after: null,
    });
    const ends = told.filter(({ level, changeId }) => level === 'info' && changeId);
    expect(ends).toHaveLength(3);
    for (const { id: changeId, jobId, vpnConnectionId, laneKey, state } of changes) {
      const ids = { jobId, changeId, vpnConnectionId, laneKey };
      expect(ends).toContainEqual(expect.objectContaining({ ...ids, state }));
      const steps = told.filter(
        (line) => line.message === 'step done' && line.changeId === changeId,
      );
      expect(steps[0]).toMatchObject({ ...ids, level: 'debug', step: 'read', event: 'prepared' });
    }
    expect(ends.filter(({ message }) => message === 'change failed')).toEqual([
      expect.objectContaining({
        vpnConnectionId: 'vco-b',
        error: expect.objectContaining({ code: 'IllegalParam.LocalAsn' }),
      }),
    ]);
  });

  it('names the request by which the cloud finds an accepted write', async () => {
    const { world, job, told } = await runJob();

    const [first] = await world.jobs.listChanges({
      jobId: job.id,
      states: null,
      limit: 1,
      after: null,
    });
    const events = await world.jobs.listEvents(first?.id ?? '');
    const accepted = told.find((line) => line.event === 'accepted' && line.changeId === first?.id);
    expect(accepted?.cloudRequestId).toBe(
      events.find(({ kind }) => kind === 'accepted')?.data.requestId,
    );
  });

  it('is counted: calls by code, ends, how long changes waited and settled', async () => {
    await runJob();

    const text = exposition(await createPgFleetStore(database, limits).read());

    const sampleOf = (sample: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${sample} `))
          ?.split(' ')[1],
      );
    const write = 'action="ModifyVpnConnectionAttribute"';
    expect(sampleOf(`lanekeeper_api_calls_total{${write},code="OK"}`)).toBe(1);
    expect(sampleOf(`lanekeeper_api_calls_total{${write},code="IllegalParam.LocalAsn"}`)).toBe(1);
    expect(sampleOf('lanekeeper_changes_finished_total{code="",state="succeeded"}')).toBe(2);
    expect(sampleOf('lanekeeper_settle_seconds_count{of="gateway"}')).toBe(1);
    const settled = sampleOf('lanekeeper_settle_seconds_sum{of="attachment"}');
    expect(settled).toBeGreaterThanOrEqual(8);
    expect(settled).toBeLessThan(15);
    expect(sampleOf('lanekeeper_change_wait_seconds_count')).toBe(3);
    expect(
      sampleOf(
        'lanekeeper_api_budget_left{action="ModifyVpnConnectionAttribute",region="cn-hangzhou"}',
      ),
    ).toBeGreaterThan(90);
  });
});
