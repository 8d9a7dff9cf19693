import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import type { Connection, Inventory } from '../simulator/shapes.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../simulator/simulator.ts';
import { loadKey } from './local-secrets.ts';

const ivBytes = 12;
const tagBytes = 16;

/** Written by this file alone, so its form is not examined again; the simulator checks that its ids hang together. */
const Remembered = z.custom<Inventory>(
  (value) => typeof value === 'object' && value !== null && 'connections' in value,
);

/**
 * A simulated cloud that outlives the process, as a real one does: what it accepted is in a file of `dataDir` before the
 * answer leaves. A change that was in flight has settled when the next process looks. The file is encrypted, because the
 * cloud knows every key in clear and nothing in `dataDir` may show one.
 */
export async function createLastingSimulator(
  options: SimulatorOptions,
  deps: { dataDir: string; random: Random; logger: Logger },
): Promise<Simulator> {
  const path = join(deps.dataDir, 'simulated-cloud');
  const key = await loadKey(deps.dataDir, 'simulated-cloud.key', deps.random);
  const inventory = await recall(path, key, deps.logger);
  const simulator = createSimulator(inventory === null ? options : { ...options, inventory });
  let kept = 0;
  let saving: Promise<void> = Promise.resolve();

  async function save(): Promise<void> {
    const count = simulator.record.writes().length;
    if (kept === count) return;
    kept = count;
    await writeFile(`${path}.draft`, seal(key, deps.random, presentOf(simulator)), { mode: 0o600 });
    await rename(`${path}.draft`, path);
  }

  return {
    ...simulator,
    async handle(request) {
      const answer = await simulator.handle(request);
      if (simulator.record.writes().length === kept) return answer;
      saving = saving.then(save);
      await saving;
      return answer;
    },
  };
}

async function recall(path: string, key: Buffer, logger: Logger): Promise<Inventory | null> {
  try {
    return Remembered.parse(JSON.parse(open(key, await readFile(path))));
  } catch (error) {
    const isFirst = Reflect.get(Object(error), 'code') === 'ENOENT';
    if (!isFirst) logger.warn('the simulated cloud begins anew: its file cannot be read', { path });
    return null;
  }
}

/** The account with everything in flight already settled. */
function presentOf({ inventory, state }: Simulator): string {
  const connections = inventory.connections.map(({ regionId, id }): Connection => {
    const { current, lane } = state.entry(regionId, id);
    const patches = lane.flights.filter(({ entry }) => entry.current.id === id);
    return Object.assign({}, current, ...patches.map(({ patch }) => patch));
  });
  return JSON.stringify({ ...inventory, connections });
}

function seal(key: Buffer, random: Random, text: string): Buffer {
  const iv = random.bytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function open(key: Buffer, bytes: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  const body = decipher.update(bytes.subarray(ivBytes + tagBytes));
  return Buffer.concat([body, decipher.final()]).toString('utf8');
}
