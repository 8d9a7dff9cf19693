import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Core from '@alicloud/pop-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLastingSimulator } from '../../../local/host/cloud-memory.ts';
import { startSimulatorServer } from '../../../local/simulator/server.ts';
import { DEMO_ACCESS_KEY, type Simulator } from '../../../local/simulator/simulator.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const regionId = 'cn-hangzhou';
let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-cloud-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

function open(logger = createRecordingLogger().logger): Promise<Simulator> {
  const settleMs = { min: 3_600_000, max: 3_600_000 };
  return createLastingSimulator({ settleMs }, { dataDir, random, logger });
}

async function rename(simulator: Simulator, id: string, name: string): Promise<void> {
  const server = await startSimulatorServer(simulator);
  const client = new Core({ ...DEMO_ACCESS_KEY, endpoint: server.url, apiVersion: '2016-04-28' });
  const change = { RegionId: regionId, VpnConnectionId: id, Name: name };
  await client.request('ModifyVpnConnectionAttribute', change, { method: 'POST' });
  await server.close();
}

describe('a lasting simulated cloud', () => {
  it('remembers what it accepted, as settled, and what it was before', async () => {
    const first = await open();
    const [changed, other] = first.inventory.connections;
    await rename(first, changed?.id ?? '', 'after');

    const second = await open();

    expect(second.state.connection(regionId, changed?.id ?? '')).toEqual({
      ...changed,
      name: 'after',
    });
    expect(second.state.connection(regionId, other?.id ?? '')).toEqual(other);
    expect(second.state.inFlight(regionId, changed?.id ?? '')).toBe(0);
  });

  it('shows no key in its files', async () => {
    const simulator = await open();
    const { id = '', ike } = simulator.inventory.connections[0] ?? {};
    await rename(simulator, id, 'after');

    const names = await readdir(dataDir);
    const texts = await Promise.all(names.map((name) => readFile(join(dataDir, name), 'latin1')));

    expect(names.sort()).toEqual(['simulated-cloud', 'simulated-cloud.key']);
    expect(ike?.Psk).toMatch(/^k\w{23}$/);
    expect(texts.join()).not.toContain(ike?.Psk);
    expect(texts.join()).not.toContain(id);
  });

  it('begins anew, and says so, when its file was damaged', async () => {
    await writeFile(join(dataDir, 'simulated-cloud'), 'damaged');
    const { logger, lines } = createRecordingLogger();

    const simulator = await open(logger);

    expect(simulator.inventory.connections.length).toBeGreaterThan(0);
    expect(lines.join()).toContain('begins anew');
  });
});
