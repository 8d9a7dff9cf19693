import Core from '@alicloud/pop-core';
import { afterEach, describe, expect, it } from 'vitest';
import { type SimulatorServer, startSimulatorServer } from '../../local/simulator/server.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
  type SimulatorOptions,
} from '../../local/simulator/simulator.ts';
import { type AnswerBody, aSmallInventory, REGION } from './cloud.ts';

const open: SimulatorServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Wire {
  readonly simulator: Simulator;
  readonly server: SimulatorServer;
  readonly request: (
    action: string,
    params?: object,
    method?: 'GET' | 'POST',
  ) => Promise<AnswerBody>;
}

async function aWire(
  options: SimulatorOptions = {},
  credentials: Readonly<Record<string, string>> = {},
): Promise<Wire> {
  const simulator = createSimulator({ inventory: aSmallInventory(), ...options });
  const server = await startSimulatorServer(simulator);
  open.push(server);
  const client = new Core({
    ...DEMO_ACCESS_KEY,
    endpoint: server.url,
    apiVersion: '2016-04-28',
    ...credentials,
  });
  return {
    simulator,
    server,
    request: (action, params = {}, method = 'POST') =>
      client.request(action, { RegionId: REGION, ...params }, { method, timeout: 5_000 }),
  };
}

describe('the wire, seen by @alicloud/pop-core (BEHAVIOUR.md "Wire")', () => {
  it.each(['GET', 'POST'] as const)('answers a request by %s', async (method) => {
    const { request } = await aWire();

    const answer = await request('DescribeVpnConnection', { VpnConnectionId: 'vco-a' }, method);

    expect(answer).toMatchObject({ VpnConnectionId: 'vco-a', State: 'active' });
    expect(answer.RequestId).toMatch(
      /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-A[0-9A-F]{3}-[0-9A-F]{12}$/,
    );
  });

  it('accepts values full of characters that need encoding', async () => {
    const { request } = await aWire();

    const name = "a b+c*~'(&=%)!/üñ中";
    const answer = await request('ModifyVpnConnectionAttribute', {
      VpnConnectionId: 'vco-a',
      Name: name,
    });

    expect(answer.Name).toBe(name);
  });

  it('accepts lists that the client flattens', async () => {
    const { request } = await aWire();

    const answer = await request('DescribeVpnConnections', {
      Tag: [{ Key: 'env', Value: 'prod' }],
    });

    expect(answer.TotalCount).toBe(0);
  });

  it('answers errors with code, status and request id', async () => {
    const { request } = await aWire();

    const failure = request('DescribeVpnConnection', { VpnConnectionId: 'vco-none' });

    await expect(failure).rejects.toMatchObject({
      code: 'InvalidVpnConnectionInstanceId.NotFound',
      data: { RequestId: expect.any(String), HostId: expect.any(String) },
      entry: { response: { statusCode: 404 } },
    });
  });

  it('refuses a wrong secret and quotes the string to sign with values encoded twice', async () => {
    const { request } = await aWire({}, { accessKeySecret: 'wrong' });

    const failure = request('ModifyVpnConnectionAttribute', {
      VpnConnectionId: 'vco-a',
      IkeConfig: JSON.stringify({ Psk: 'secret#1' }),
    });

    await expect(failure).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
      message: expect.stringContaining(encodeURIComponent(encodeURIComponent('secret#1'))),
    });
  });

  it('drops the connection without an answer where a fault says so', async () => {
    const { request, simulator } = await aWire({ faults: { reads: { droppedBefore: 1 } } });

    await expect(request('DescribeRegions')).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(simulator.record.snapshot().faults).toEqual({ droppedBefore: 1 });
  });

  it('answers with HTML where a fault says so', async () => {
    const { request } = await aWire({ faults: { reads: { html502: 1 } } });

    await expect(request('DescribeRegions')).rejects.toMatchObject({ name: 'SyntaxError' });
  });

  it('checks the security token of a temporary key', async () => {
    const accessKeys = { 'STS.x': { secret: 's', securityToken: 'token' } };
    const credentials = { accessKeyId: 'STS.x', accessKeySecret: 's' };
    const withToken = await aWire({ accessKeys }, { ...credentials, securityToken: 'token' });
    const without = await aWire({ accessKeys }, credentials);

    await expect(withToken.request('DescribeRegions')).resolves.toHaveProperty('Regions');
    await expect(without.request('DescribeRegions')).rejects.toMatchObject({
      code: 'InvalidSecurityToken.Malformed',
    });
  });

  it('serves health and the record, and keeps tampering shut', async () => {
    const { server } = await aWire();

    const health = await fetch(`${server.url}/_simulator/health`);
    const record = await fetch(`${server.url}/_simulator/record`);
    const tamper = await fetch(`${server.url}/_simulator/tamper`, { method: 'POST', body: '{}' });

    expect(await health.json()).toEqual({ status: 'ok' });
    expect(await record.json()).toMatchObject({ writes: [], overlaps: [] });
    expect(tamper.status).toBe(404);
  });

  it('lists what there is to change, and no key', async () => {
    const { server, simulator } = await aWire();

    const text = await (await fetch(`${server.url}/_simulator/connections`)).text();

    const { inventory } = simulator;
    expect(JSON.parse(text).connections).toHaveLength(inventory.connections.length);
    for (const { id, ike } of inventory.connections) {
      expect(text).toContain(id);
      if (ike.Psk) expect(text).not.toContain(ike.Psk);
    }
  });

  it('refuses a body that no request has', async () => {
    const { server } = await aWire();

    const answer = await fetch(server.url, { method: 'POST', body: 'x'.repeat(2_000_000) });

    expect(answer.status).toBe(413);
  });

  it('cannot listen twice on one port', async () => {
    const { simulator, server } = await aWire();

    const second = startSimulatorServer(simulator, { port: server.port });

    await expect(second).rejects.toMatchObject({ code: 'bad_options' });
  });
});
