import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * `npm run worker` as one file of plain JavaScript: it starts in a third of the time, so that the machine is not busy with
 * starting what is killed. Within node_modules, from where packages are found.
 */
export async function bundleWorker(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = resolve(`node_modules/.cache/lanekeeper/worker-${process.pid}.mjs`);
  await build({
    entryPoints: ['local/worker/main.ts'],
    outfile: path,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    // Where the one file that looks for its neighbours, the migrations, would find them.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(resolve('local/host/x.ts')).href) },
    logLevel: 'silent',
  });
  return { path, remove: () => rm(path, { force: true }) };
}
