import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateInventory } from '../../local/simulator/inventory.ts';
import {
  callerOf,
  jsonBody,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
} from '../helpers/host.ts';

const canary = 'Canary-key-8f2c41d07be9';
const spellings = ['utf8', 'base64', 'hex', 'utf16le'] as const;

/** Every byte of every file in a folder. */
async function bytesIn(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(
    await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))),
  );
}

/** The forms of a key that these bytes hold. */
function shown(bytes: Buffer, key: string): readonly string[] {
  return spellings.filter((spelling) => {
    const wanted =
      spelling === 'base64' || spelling === 'hex'
        ? Buffer.from(Buffer.from(key).toString(spelling).replace(/=+$/, ''))
        : Buffer.from(key, spelling);
    return bytes.includes(wanted);
  });
}

const size = { gateways: 3, connectionsPerGateway: 2, attachments: 6 };

describe.each([
  ['a cloud of its own that loses replies', true],
  ['the simulated cloud inside the host', false],
])('a key in a plan for %s', (_, isSeparate) => {
  it('shows in no log line, answer or file', async () => {
    const cloud = isSeparate ? await startCloud(size, { SIM_FAULTS: 'on' }) : null;
    const fleet = cloud?.inventory.connections ?? generateInventory({ seed: 1 }).connections;
    // The host's own cloud takes its time: one on a gateway and one alone run side by side.
    const connections = isSeparate ? fleet : [...fleet.slice(0, 1), ...fleet.slice(-1)];
    const dataDir = await temporaryFolder();
    const host = await startHostProcess({
      ...quickWorker,
      ...cloud?.environment,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'debug',
    });
    const caller = callerOf(host.url, host.freshToken);
    const answers: string[] = [];
    const ask = async (path: string, init?: RequestInit): Promise<string> => {
      const response = await caller.send(path, init);
      const text = await response.text();
      answers.push(text, JSON.stringify([...response.headers]));
      return text;
    };
    const plan = planFor(connections, { IkeConfig: { Psk: canary } });

    const { id } = JSON.parse(await ask('/v1/jobs', jsonBody(plan)));
    await ask('/v1/jobs', jsonBody({ ...plan, [canary]: 1, title: '' }));
    const job = await caller.ended(id);
    for (const change of await caller.changes(id)) await ask(`/v1/jobs/${id}/changes/${change.id}`);
    for (const path of ['', `/${id}`, `/${id}/changes`]) await ask(`/v1/jobs${path}`);
    const whileRunning = await bytesIn(dataDir);
    await host.end('SIGTERM');

    const keys = [canary, ...connections.map(({ ike }) => ike.Psk)];
    const logs = host.stdout() + host.stderr();
    const places = {
      logs: Buffer.from(logs),
      answers: Buffer.from(answers.slice(0, 2).concat(answers.slice(4)).join('\n')),
      files: Buffer.concat([whileRunning, await bytesIn(dataDir)]),
    };
    const found = Object.entries(places).map(([place, bytes]) => [
      place,
      keys.flatMap((key) => shown(bytes, key)),
    ]);
    expect(job.state).toBe('succeeded');
    expect(logs).toContain('"called the cloud"');
    expect(places.files.length).toBeGreaterThan(1_000_000);
    expect(found).toEqual([
      ['logs', []],
      ['answers', []],
      ['files', []],
    ]);
  }, 60_000);
});
