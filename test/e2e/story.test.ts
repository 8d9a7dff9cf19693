import Core from '@alicloud/pop-core';
import { describe, expect, it } from 'vitest';
import { generateInventory } from '../../local/simulator/inventory.ts';
import { DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';
import { isFinalJob } from '../../shared/job/state.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { PreviewBody } from '../../shared/preview/preview-body.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import {
  type Caller,
  callerOf,
  jsonBody,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
  truthOf,
} from '../helpers/host.ts';

/** What any RPC client sees in the simulated cloud. */
function describeConnection(url: string, VpnConnectionId: string): Promise<unknown> {
  const client = new Core({ ...DEMO_ACCESS_KEY, endpoint: url, apiVersion: '2016-04-28' });
  const request = { RegionId: 'cn-hangzhou', VpnConnectionId };
  return client.request('DescribeVpnConnection', request, { method: 'POST', timeout: 5_000 });
}

/** What the worker made of the job's journal, as soon as it is there. */
async function verificationOf(caller: Caller, location: string): Promise<unknown> {
  for (;;) {
    const response = await caller.send(`${location}/verification`);
    if (response.status !== 202) return response.json();
    await systemClock.sleep(100);
  }
}

describe('a plan submitted by hand', () => {
  it('is carried out on a simulator that was started separately', async () => {
    const cloud = await startCloud({ gateways: 3, connectionsPerGateway: 2, attachments: 3 });
    const host = await startHostProcess({
      ...quickWorker,
      ...cloud.environment,
      DATA_DIR: await temporaryFolder(),
    });
    const caller = callerOf(host.url, host.freshToken);
    const { connections } = cloud.inventory;
    const plan = planFor(connections, {
      IkeConfig: { Psk: 'A-key-of-this-story-1', IkeVersion: 'ikev2', IkeEncAlg: 'aes256' },
    });
    const withKey = jsonBody(plan, { 'Idempotency-Key': 'story-1' });

    const previewed = await caller.send('/v1/previews', jsonBody(plan));
    const preview = PreviewBody.parse(await previewed.json());
    const first = await caller.send('/v1/jobs', withKey);
    const again = await caller.send('/v1/jobs', withKey);
    const other = await caller.send(
      '/v1/jobs',
      jsonBody({ ...plan, title: 'another' }, { 'Idempotency-Key': 'story-1' }),
    );
    const location = first.headers.get('location') ?? '';
    const { id } = JobBody.parse(await first.json());
    const seen = new Set<number>();
    let tag = '';
    for (let isOver = false; !isOver; ) {
      const response = await caller.send(location, { headers: { 'if-none-match': tag } });
      seen.add(response.status);
      if (response.status === 304) continue;
      tag = response.headers.get('etag') ?? '';
      isOver = isFinalJob(JobBody.parse(await response.json()).state);
    }
    const job = await caller.job(id);
    const changes = await caller.changes(id);
    const verification = await verificationOf(caller, location);
    const attempted = await caller.send(`${location}/changes/${changes[0]?.id}`);
    const inCloud = await describeConnection(cloud.url, connections[0]?.id ?? '');

    expect(previewed.status).toBe(200);
    expect(preview.items.map(({ action }) => action)).toEqual(connections.map(() => 'modify'));
    expect(preview.digest).toBe(job.planDigest);
    expect([first.status, again.status, other.status]).toEqual([202, 200, 422]);
    expect(await again.json()).toMatchObject({ id });
    expect(seen).toEqual(new Set([200, 304]));
    expect(job).toMatchObject({ state: 'succeeded', total: connections.length, progress: 1 });
    expect(verification).toMatchObject({ holds: true });
    expect(changes.map(({ vpnConnectionId, state }) => [vpnConnectionId, state])).toEqual(
      connections.map((connection) => [connection.id, 'succeeded']),
    );
    expect(await attempted.json()).toMatchObject({ attempts: 1, steps: expect.any(Array) });
    expect(inCloud).toMatchObject({
      IkeConfig: { Psk: 'A-key-of-this-story-1', IkeVersion: 'ikev2', IkeEncAlg: 'aes256' },
    });
    expect(truthOf(await cloud.record())).toMatchObject({ overlaps: 0, maxInFlight: 1 });
  }, 60_000);
});

describe('npm start without any configuration', () => {
  it('ends its job well when it is killed and started again: its simulated cloud is as lasting as its jobs', async () => {
    const environment = { DATA_DIR: await temporaryFolder(), LEASE_SECONDS: '2' };
    const fleet = generateInventory({ seed: 1 }).connections;
    const connections = [...fleet.slice(0, 1), ...fleet.slice(-1)];
    const first = await startHostProcess(environment);
    const { id } = await callerOf(first.url, first.freshToken).submit(
      planFor(connections, { IkeConfig: { Psk: 'Kept-in-the-cloud-2' } }),
    );
    await callerOf(first.url, first.freshToken).until(
      id,
      ({ counts }) => (counts.settling ?? 0) > 0,
    );
    await first.end('SIGKILL');

    const second = await startHostProcess(environment);
    const caller = callerOf(second.url, first.freshToken);
    const job = await caller.ended(id);
    const [, cloud = ''] = /^simulated cloud on (\S+)/m.exec(second.stdout()) ?? [];
    const inCloud = await describeConnection(cloud, connections[1]?.id ?? '');

    expect(first.freshToken).toMatch(/^lk_[\w-]{32}$/);
    expect(job).toMatchObject({ state: 'succeeded', total: 2 });
    expect(inCloud).toMatchObject({ IkeConfig: { Psk: 'Kept-in-the-cloud-2' } });
  }, 90_000);
});
