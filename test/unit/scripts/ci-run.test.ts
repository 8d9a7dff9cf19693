import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ciRun = resolve('.ci/run');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanekeeper-ci-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs .ci/run with an `npm` that prints these lines and ends with this code. */
async function run(
  lines: readonly string[],
  code: number,
  ci: string,
): Promise<{ last: string; code: unknown; stderr: string }> {
  const npm = `#!/bin/sh\ntest "$1" = cit || exit 9\ncat <<'END'\n${lines.join('\n')}\nEND\nexit ${code}\n`;
  await writeFile(join(folder, 'npm'), npm, { mode: 0o755 });
  const child = spawn(ciRun, { env: { PATH: `${folder}:/usr/bin:/bin`, CI: ci } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      output[name] += String(chunk);
    });
  }
  const [ended] = await once(child, 'close');
  const last = output.stdout.trimEnd().split('\n').at(-1) ?? '';
  return { last, code: ended, stderr: output.stderr };
}

describe.skipIf(process.platform !== 'linux')('.ci/run', () => {
  it.each([
    ['passes when everything passed', '3 passed, 0 failed, 0 skipped', 0, 'true', 0],
    ['fails on a skip in CI', '3 passed, 0 failed, 1 skipped', 0, 'true', 1],
    ['allows a skip elsewhere', '3 passed, 0 failed, 1 skipped', 0, '', 0],
    ['fails when npm does', '3 passed, 1 failed, 0 skipped', 1, 'true', 1],
    ['fails on failures that npm passed over', '3 passed, 1 failed, 0 skipped', 0, '', 1],
  ])('%s, with the tally as its last line', async (_, tally, code, ci, expected) => {
    const result = await run(['some output', tally], code, ci);

    expect(result).toMatchObject({ last: tally, code: expected });
  });

  it('makes a tally of a run that broke off without one', async () => {
    const result = await run(['added 100 packages', 'and then nothing'], 0, 'true');

    expect(result).toMatchObject({ last: '0 passed, 1 failed, 0 skipped', code: 1 });
    expect(result.stderr).toContain('without a tally');
  });
});
