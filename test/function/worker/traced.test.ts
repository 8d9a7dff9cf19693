import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTracer } from '../../../shared/adapters/otel/open-tracer.ts';
import { createPgJobTraces } from '../../../shared/adapters/postgres/job-traces.ts';
import { systemClock as clock } from '../../../shared/platform/clock.ts';
import { createJobTracer, traceCalls } from '../../../shared/worker/job-tracer.ts';
import { createTestApp } from '../../helpers/apps.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { type SpanReceiver, startSpanReceiver } from '../../helpers/span-receiver.ts';
import { aFleet, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = `00-${traceId}-b7ad6b7169203331-01`;
const psk = 'hushHush0123456789';

describe('a traced job', () => {
  const database = withPostgres();
  const open = useWorlds(database);
  let receiver: SpanReceiver;
  beforeEach(async () => {
    receiver = await startSpanReceiver();
  });
  afterEach(() => receiver.close());

  it('is one trace from its caller over submit and worker to the cloud', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {} }) } });
    const to = { endpoint: receiver.url, headers: null };
    const submitting = await openTracer(to, { function: 'submit', clock });
    const working = await openTracer(to, { function: 'worker', clock });
    const tracer = createJobTracer({ tracer: working, traces: createPgJobTraces(database) });
    const { post } = createTestApp(database, { tracer: submitting, sealer: world.sealer });

    const response = await post(
      {
        title: 'traced',
        targets: [{ regionId: region, vpnConnectionId: 'vco-a' }],
        set: { IkeConfig: { IkeEncAlg: 'aes256', Psk: psk } },
      },
      { traceparent: caller },
    );
    expect(response.status).toBe(202);
    await world.drain(world.worker({ tracer }, (api) => traceCalls(api, working)));

    const spans = receiver.spans().filter((span) => span.traceId === traceId);
    const submit = spans.find(({ name }) => name === 'submit job');
    expect(submit).toMatchObject({ function: 'submit', parentSpanId: 'b7ad6b7169203331' });
    const steps = spans.filter(({ name }) => name.startsWith('change '));
    expect([...new Set(steps.map(({ name }) => name))]).toEqual([
      'change read',
      'change send',
      'change settle',
      'change prove',
    ]);
    for (const step of steps) {
      expect(step).toMatchObject({ function: 'worker', parentSpanId: submit?.spanId });
      expect(step.attributes).toMatchObject({
        'lanekeeper.job_id': submit?.attributes['lanekeeper.job_id'],
        'lanekeeper.vpn_connection_id': 'vco-a',
      });
    }
    const write = spans.find(({ name }) => name === 'vpc ModifyVpnConnectionAttribute');
    expect(write).toMatchObject({ kind: 3, parentSpanId: steps[1]?.spanId });
    expect(write?.attributes['lanekeeper.code']).toBe('OK');
    for (const { body } of receiver.requests) expect(body).not.toContain(psk);
  });
});
