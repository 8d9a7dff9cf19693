import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const vitest = resolve('node_modules/vitest/vitest.mjs');
const reporter = resolve('test/helpers/tally-reporter.ts');
let root = '';

afterEach(() => rm(root, { recursive: true, force: true }));

/** Runs Vitest on files of its own: the last line of everything it printed, and its exit code. */
async function runVitest(
  files: Readonly<Record<string, string>>,
  setup?: string,
): Promise<{ last: string; code: unknown; output: string }> {
  root = await mkdtemp(join(tmpdir(), 'lanekeeper-tally-'));
  const test = {
    globals: true,
    reporters: ['default', reporter],
    ...(setup === undefined ? {} : { globalSetup: ['./setup.mjs'] }),
  };
  const written = {
    ...files,
    'vitest.config.mjs': `export default { test: ${JSON.stringify(test)} };`,
    'setup.mjs': setup ?? '',
  };
  for (const [name, text] of Object.entries(written)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await mkdir(join(root, 'node_modules'));
  const child = spawn(process.execPath, [vitest, 'run', '--root', root], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  const [code] = await once(child, 'close');
  return { last: output.trimEnd().split('\n').at(-1) ?? '', code, output };
}

const passes = "it('passes', () => {});";

describe('the last line of a run', () => {
  it('counts what passed and was skipped', async () => {
    const files = { 'a.test.js': `${passes} it.skip('s', () => {}); it.todo('t');` };

    expect(await runVitest(files)).toMatchObject({
      last: '1 passed, 0 failed, 2 skipped',
      code: 0,
    });
  });

  it('comes after the report of failures', async () => {
    const files = { 'a.test.js': `${passes} it('fails', () => expect(1).toBe(2));` };

    expect(await runVitest(files)).toMatchObject({
      last: '1 passed, 1 failed, 0 skipped',
      code: 1,
    });
  });

  it('counts an error outside of tests as a failure', async () => {
    const late = "it('leaves one behind', () => { Promise.reject(new Error('late')); });";

    expect(await runVitest({ 'a.test.js': late })).toMatchObject({
      last: '1 passed, 1 failed, 0 skipped',
      code: 1,
    });
  });

  it('counts a file that does not load as a failure', async () => {
    const files = { 'a.test.js': passes, 'b.test.js': "throw new Error('broken');" };

    expect(await runVitest(files)).toMatchObject({
      last: '1 passed, 1 failed, 0 skipped',
      code: 1,
    });
  });

  it('counts what a dying process left undone as failed', async () => {
    const files = { 'a.test.js': "it('dies', () => process.kill(process.pid, 'SIGKILL'));" };

    const { last, code } = await runVitest(files);

    expect(last).toMatch(/^0 passed, [1-9] failed, 0 skipped$/);
    expect(code).toBe(1);
  });

  it.each([
    ['there are no tests', {}, undefined],
    ['a file holds no test', { 'a.test.js': 'export {};' }, undefined],
    ['the set-up breaks', { 'a.test.js': passes }, "throw new Error('no set-up');"],
  ])('is a failure when %s', async (_, files, setup) => {
    const { last, code } = await runVitest(files, setup);

    expect(last).toMatch(/^\d passed, [1-9] failed, 0 skipped$/);
    expect(code).toBe(1);
  });

  it('comes after what is printed while everything is taken down', async () => {
    const setup = "export const teardown = () => console.log('the end');";

    expect(await runVitest({ 'a.test.js': passes }, setup)).toMatchObject({
      last: '1 passed, 0 failed, 0 skipped',
      code: 0,
    });
  });

  it('follows the time that each folder of tests took', async () => {
    const slow = "it('rests', () => new Promise((done) => setTimeout(done, 1_100)));";
    const files = {
      'test/unit/a.test.js': passes,
      'test/unit/deep/b.test.js': passes,
      'test/e2e/c.test.js': slow,
    };

    const { output } = await runVitest(files);

    expect(output).toMatch(/\n +[12] s {2}e2e\n +0 s {2}unit\n\n3 passed, 0 failed, 0 skipped\n$/);
  });
});
