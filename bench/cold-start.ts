import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Bundle, bundleFunctions } from '../scripts/bundle.ts';
import { type Emit, median } from './lib/figures.ts';

const run = promisify(execFile);

const rounds = 15;

/** What a cold import may cost beyond that of an empty module, in milliseconds. */
const mostExtraMs: Readonly<Record<string, number>> = { status: 100, submit: 120 };

const probe = `
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await import(process.argv[2]);
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuBefore);
const cpuMs = (user + system) / 1000;
process.stdout.write(JSON.stringify({ wallMs, cpuMs }), () => process.exit(0));
`;

const Sample = z.object({ wallMs: z.number(), cpuMs: z.number() });
type Sample = z.infer<typeof Sample>;

/**
 * What it costs to import each bundle in a fresh process, beside an empty module. Each round imports every module once, so
 * that whatever else the machine does falls on all alike. Fails when a bundle that callers wait for costs too much: judged
 * by the processor time of the best round, which is what the import takes on a machine that does nothing else.
 */
export async function coldStart(emit: Emit): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lanekeeper-cold-'));
  try {
    const bundles = await bundleFunctions({ folder: join(folder, 'dist') });
    const times = await measure(folder, bundles);
    const empty = bestOf(times.get('empty') ?? []);
    const params = { node: process.version, rounds };
    emit('import', empty, 'ms', { ...params, function: 'empty module' });
    for (const { name, bytes, gzipBytes } of bundles) {
      emit('size', bytes / 1_000, 'kB', { function: name });
      emit('gzip', gzipBytes / 1_000, 'kB', { function: name });
      const samples = times.get(name);
      if (samples === undefined) continue;
      const own = { ...params, function: name };
      const took = bestOf(samples);
      const limit = mostExtraMs[name];
      emit('import', took, 'ms', own);
      emit('import-wall', median(samples.map(({ wallMs }) => wallMs)), 'ms', own);
      emit('more-than-empty', took - empty, 'ms', limit === undefined ? own : { ...own, limit });
      emit('ratio-to-empty', took / empty, 'ratio', own);
      if (limit !== undefined && took - empty > limit) {
        throw new Error(`${name} takes ${took - empty} ms more than nothing, ${limit} are allowed`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function bestOf(samples: readonly Sample[]): number {
  return Math.min(...samples.map(({ cpuMs }) => cpuMs));
}

async function measure(
  folder: string,
  bundles: readonly Bundle[],
): Promise<ReadonlyMap<string, Sample[]>> {
  const probeFile = join(folder, 'probe.mjs');
  const emptyFile = join(folder, 'empty.mjs');
  await writeFile(probeFile, probe);
  await writeFile(emptyFile, 'export {};');
  // The server of custom runtimes starts when it is imported, and needs a bundle to serve.
  const functions = bundles.filter(({ name }) => name !== 'custom-runtime');
  const modules = [{ name: 'empty', path: emptyFile }, ...functions];
  const times = new Map<string, Sample[]>(modules.map(({ name }) => [name, []]));
  // The first round fills the file cache.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, path } of modules) {
      const { stdout } = await run(process.execPath, [probeFile, pathToFileURL(path).href]);
      if (round > 0) times.get(name)?.push(Sample.parse(JSON.parse(stdout)));
    }
  }
  return times;
}
