import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import openApi from '../docs/openapi.json' with { type: 'json' };
import { functionNames } from './bundle.ts';
import { descriptionFaults, handlerFaults, previewFaults } from './s-yaml.ts';

/*
 * Holds s.yaml to the platform's limits, to the functions there are, to the bundles under dist/, and to what the deploying
 * tool makes of it.
 */

const path = 's.yaml';

/** `s preview` renders offline. It writes under HOME and takes variables from the environment: here it has neither. */
async function preview(): Promise<unknown> {
  const home = await mkdtemp(join(tmpdir(), 'lanekeeper-s-'));
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        fileURLToPath(import.meta.resolve('@serverless-devs/s/bin/s')),
        'preview',
        '-t',
        path,
        '-o',
        'json',
      ],
      { env: { HOME: home }, timeout: 60_000 },
    );
    // The first line may be a warning, to root.
    return JSON.parse(stdout.slice(stdout.indexOf('\n{') + 1));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function bundleOf(name: string): Promise<string | null> {
  return readFile(`dist/${name}.mjs`, 'utf8').catch(() => null);
}

const folders: string[] = [];
const bundles = new Map<string, string | null>();
for (const name of await functionNames()) {
  await access(`functions/${name}/index.ts`);
  folders.push(name);
  bundles.set(name, await bundleOf(name));
}
const text = await readFile(path, 'utf8');
const faults = descriptionFaults(text, folders, openApi.paths);
if (faults.length === 0) {
  faults.push(...handlerFaults(text, bundles), ...previewFaults(text, await preview()));
}
for (const fault of faults) console.error(`${path}: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
