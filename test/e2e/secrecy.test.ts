import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../local/simulator/shapes.ts';
import { bundleFunctions } from '../../scripts/bundle.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { startEchoingCloud } from '../helpers/echoing-cloud.ts';
import {
  callerOf,
  jsonBody,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
} from '../helpers/host.ts';
import { aCanary, leaksIn } from '../helpers/sweep.ts';
import { type Ask, dumpOf, listening, readEverything } from '../helpers/sweep-places.ts';

/*
 * P5: a key appears nowhere in clear. Canaries stand in plans, good and bad, in previews and schedules, as previous keys and in
 * the cloud's answers and error messages; then everything that comes out is searched for them in every form.
 */

const size = { gateways: 3, connectionsPerGateway: 2, attachments: 4 };
const keys = {
  before: aCanary('before01'),
  plan: aCanary('plan0002'),
  target: aCanary('target03'),
  tunnel: aCanary('tunnel04'),
  preview: aCanary('preview5'),
  schedule: aCanary('schedul6'),
  misplaced: aCanary('misplac7'),
  malformed: `${aCanary('malform8')} "`,
  inAddress: aCanary('address9'),
};

/** Everything that may be wrong with a request, each time with a key in it. */
async function sendBadInput(ask: Ask, plan: object): Promise<void> {
  const { misplaced, malformed, inAddress } = keys;
  for (const bad of [
    { ...plan, [misplaced]: 1 },
    { ...plan, title: '', onFailure: misplaced, handover: { deliverTo: [misplaced] } },
    { ...plan, set: { IkeConfig: { Psk: malformed, IkePfs: misplaced } } },
    { ...plan, rotatePsk: misplaced, window: { notBefore: misplaced } },
  ]) {
    await ask('/v1/jobs', jsonBody(bad));
    await ask('/v1/previews', jsonBody(bad));
    await ask('/v1/schedules/bad', { ...jsonBody({ cron: misplaced, plan: bad }), method: 'PUT' });
  }
  await ask('/v1/jobs', { ...jsonBody({}), body: `{"set":{"Psk":"${misplaced}"` });
  const inQuery = encodeURIComponent(inAddress);
  for (const path of [
    `/v1/jobs?state=${inQuery}`,
    `/v1/jobs?${inQuery}=1`,
    `/v1/jobs/${inQuery}`,
  ]) {
    await ask(path);
  }
}

/** Two plans, so that the keys of the first are the previous ones of the second; a connection of the second is refused. */
function plansFor(connections: readonly Connection[]): readonly [object, object] {
  const common = { onFailure: 'continue' };
  const [first, second] = connections;
  const plan = planFor(connections.slice(2), { IkeConfig: { Psk: keys.plan } });
  const ofTunnels = {
    TunnelOptionsSpecification: [{ TunnelIndex: 1, TunnelIkeConfig: { Psk: keys.tunnel } }],
  };
  const own = [
    [first, { IkeConfig: { Psk: keys.target } }],
    [second, { IkeConfig: { Psk: keys.target }, ...ofTunnels }],
  ] as const;
  const targets = own.flatMap(([connection, set]) =>
    connection ? [{ regionId: connection.regionId, vpnConnectionId: connection.id, set }] : [],
  );
  const named = Array.isArray(plan.targets) ? plan.targets : [];
  return [
    { ...planFor(connections, { IkeConfig: { Psk: keys.before } }), ...common },
    { ...plan, ...common, targets: [...named, ...targets] },
  ];
}

describe('a key', () => {
  it('shows in nothing that comes out, in no form', async () => {
    const { url: database, drop } = await createServerDatabase();
    const cloud = await startCloud(size, { SIM_FAULTS: 'on' });
    const { connections } = cloud.inventory;
    const refused = connections.slice(-1).map(({ id }) => id);
    const echoing = await startEchoingCloud(cloud.url, refused);
    const host = await startHostProcess({
      ...quickWorker,
      ...cloud.environment,
      VPC_ENDPOINT: echoing.url,
      DATABASE_URL: database,
      DATA_DIR: await temporaryFolder(),
      LOG_LEVEL: 'debug',
    });
    const caller = callerOf(host.url, host.freshToken);
    const { ask, heard } = listening(caller);
    const [before, after] = plansFor(connections);
    const secretPlan = (psk: string): object => planFor(connections, { IkeConfig: { Psk: psk } });

    const jobIds: string[] = [];
    for (const plan of [before, after]) {
      const { id } = JSON.parse(await ask('/v1/jobs', jsonBody(plan)));
      jobIds.push(id);
      await caller.ended(id);
    }
    await ask('/v1/previews', jsonBody(secretPlan(keys.preview)));
    const schedule = { cron: '0 3 1 1 *', enabled: false, plan: secretPlan(keys.schedule) };
    await ask('/v1/schedules/nightly', { ...jsonBody(schedule), method: 'PUT' });
    await sendBadInput(ask, secretPlan(keys.plan));
    await readEverything(ask, jobIds);
    const ended = await Promise.all(jobIds.map((id) => caller.job(id)));
    await host.end('SIGTERM');
    const bundles = await bundleFunctions({ folder: await temporaryFolder(), maps: true });
    const dump = await dumpOf(database);
    await drop();

    const places = {
      logs: host.stdout() + host.stderr(),
      answers: heard.join('\n'),
      dump,
      bundles: Buffer.concat(await Promise.all(bundles.map(({ path }) => readFile(path)))),
    };
    const previous = connections.flatMap(({ ike, tunnels }) => [
      ike.Psk,
      ...tunnels.map((tunnel) => tunnel.ike.Psk),
    ]);
    // What was planted did get to where it could leak.
    expect(echoing.echoes()).toBeGreaterThan(1);
    expect(ended.map(({ counts }) => [counts.failed, counts.succeeded])).toEqual(
      [before, after].map(() => [1, connections.length - 1]),
    );
    expect(places.logs).toContain('"called the cloud"');
    expect(dump).toContain('IkeConfig.Psk');
    expect(places.answers).toContain('"promise":"P4"');
    expect(places.answers).toContain('lanekeeper_');
    // And did not.
    expect(leaksIn(places, [...Object.values(keys), ...new Set(previous)])).toEqual([]);
  }, 120_000);
});
