import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ciRun = resolve('.ci/run');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanekeeper-ci-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Puts a shell script where .ci/run finds it before the program of that name. */
async function standIn(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Runs .ci/run with an `npm` that prints these lines and ends with this code; with `status` dpkg answers for packages. */
async function run(
  lines: readonly string[],
  code: number,
  ci: string,
  status = 'install ok installed',
): Promise<{ last: string; code: unknown; stderr: string }> {
  const output = lines.join('\n');
  await standIn('npm', `test "$1" = cit || exit 9\ncat <<'END'\n${output}\nEND\nexit ${code}`);
  await standIn('dpkg-query', `echo '${status}'`);
  await standIn('apt-get', `echo "$@" >> ${join(folder, 'apt')}`);
  const child = spawn(ciRun, { env: { PATH: `${folder}:/usr/bin:/bin`, CI: ci } });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      printed[name] += String(chunk);
    });
  }
  const [ended] = await once(child, 'close');
  const last = printed.stdout.trimEnd().split('\n').at(-1) ?? '';
  return { last, code: ended, stderr: printed.stderr };
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

  it('installs the packages that are missing, and none that is there', async () => {
    await run(['1 passed, 0 failed, 0 skipped'], 0, 'true');
    await expect(readFile(join(folder, 'apt'), 'utf8')).rejects.toThrow('ENOENT');

    await run(['1 passed, 0 failed, 0 skipped'], 0, 'true', 'unknown ok not-installed');

    const calls = (await readFile(join(folder, 'apt'), 'utf8')).trimEnd().split('\n');
    expect(calls).toEqual([
      'update -q',
      expect.stringMatching(/^install .*--no-install-recommends.* pgbouncer prometheus openssl$/),
    ]);
  });

  it('makes a tally of a run that broke off without one', async () => {
    const result = await run(['added 100 packages', 'and then nothing'], 0, 'true');

    expect(result).toMatchObject({ last: '0 passed, 1 failed, 0 skipped', code: 1 });
    expect(result.stderr).toContain('without a tally');
  });
});
