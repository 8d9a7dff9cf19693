import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const cruiser = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const tsx = pathToFileURL(resolve('node_modules/tsx/dist/loader.mjs')).href;
const checkImports = ['--import', tsx, resolve('scripts/check-imports.ts')];

const Report = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

/** A rule, a file that breaks it, and what that file imports. */
const planted: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['shared-stands-alone', 'shared/plan/a.ts', 'functions/submit/handler.ts'],
  ['deployed-code-never-reaches-for-the-fake', 'functions/submit/b.ts', 'local/host/host.ts'],
  ['deployed-code-reaches-no-local-code', 'functions/status/c.ts', 'local/host/host.ts'],
  [
    'deployed-code-reaches-no-local-code',
    'functions/submit/index.ts',
    'shared/adapters/postgres/migrate.ts',
  ],
  ['local-does-not-import-tests', 'local/host/d.ts', 'test/helpers/e.ts'],
  ['tests-are-no-library', 'bench/f.ts', 'test/unit/g.test.ts'],
  ['functions-are-strangers', 'functions/status/h.ts', 'functions/submit/handler.ts'],
  ['platform-is-the-floor', 'shared/platform/i.ts', 'shared/plan/schema.ts'],
  ['adapters-are-strangers', 'shared/adapters/aliyun/j.ts', 'shared/adapters/postgres/k.ts'],
  ['wired-in-one-place', 'functions/worker/handler.ts', 'shared/adapters/postgres/k.ts'],
  ['noun-order-plan', 'shared/plan/l.ts', 'shared/job/record.ts'],
  ['noun-order-plan', 'shared/plan/m.ts', 'shared/change/state.ts'],
  ['noun-order-worker', 'shared/worker/n.ts', 'shared/adapters/postgres/k.ts'],
  ['alicloud-stays-home', 'shared/lane/o.ts', '@alicloud/pop-core'],
  ['pg-stays-home', 'shared/lane/p.ts', 'pg'],
  ['electric-sql-stays-home', 'local/host/q.ts', '@electric-sql/pglite'],
  ['p-queue-stays-home', 'shared/lane/r.ts', 'p-queue'],
  ['hono-stays-home', 'functions/submit/s.ts', 'hono'],
  ['the-simulator-is-independent', 'local/simulator/t.ts', 'type shared/plan/schema.ts'],
  ['the-simulator-is-a-product', 'local/simulator/u.ts', 'local/host/host.ts'],
  ['secrets-leave-by-one-door', 'shared/job/v.ts', 'shared/platform/secret-reveal.ts'],
  ['no-cycles', 'shared/job/w.ts', 'shared/job/x.ts'],
  ['no-unresolved', 'shared/job/y.ts', './nowhere.ts'],
  ['no-barrels-in-shared', 'shared/job/z.ts', 'shared/plan/index.ts'],
  ['not-to-dev-dep', 'shared/job/aa.ts', 'vitest'],
  ['not-to-dev-dep', 'shared/job/bb.ts', 'node-22'],
  ['no-undeclared-packages', 'shared/job/cc.ts', 'left-pad'],
  ['no-orphans', 'shared/job/dd.ts', ''],
];

const packages = [
  '@alicloud/pop-core',
  'pg',
  '@electric-sql/pglite',
  'p-queue',
  'hono',
  'left-pad',
];
const isPath = (to: string): boolean => /^(functions|shared|local|test)\//.test(to);
let root = '';

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

function importOf(from: string, to: string): string {
  const [, type, target = ''] = /^(type )?(.*)$/.exec(to) ?? [];
  if (target === '') return 'export const alone = 1;\n';
  const path = isPath(target) ? `./${relative(dirname(from), target)}` : target;
  return type === undefined
    ? `import * as x from '${path}';\nexport const y = x;\n`
    : `import type { X } from '${path}';\nexport type Y = X;\n`;
}

async function plant(): Promise<void> {
  for (const [, , to] of planted) {
    const target = to.replace('type ', '');
    if (isPath(target)) await write(target, 'export type X = 1;\nexport const x = 1;\n');
  }
  for (const [, from, to] of planted) await write(from, importOf(from, to));
  await write('shared/job/x.ts', importOf('shared/job/x.ts', 'shared/job/w.ts'));
  for (const name of [...packages, 'vitest', 'node-22']) {
    await write(`node_modules/${name}/index.js`, 'export const x = 1;\n');
    await write(
      `node_modules/${name}/package.json`,
      JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js' }),
    );
  }
  const declared = packages.filter((name) => name !== 'left-pad').map((name) => [name, '1.0.0']);
  await write(
    'package.json',
    JSON.stringify({
      type: 'module',
      dependencies: Object.fromEntries(declared),
      devDependencies: { vitest: '1.0.0' },
      optionalDependencies: { 'node-22': '1.0.0' },
    }),
  );
  await copyFile('.dependency-cruiser.cjs', join(root, '.dependency-cruiser.cjs'));
  await copyFile('tsconfig.json', join(root, 'tsconfig.json'));
}

describe('the import rules', () => {
  let broken: string[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'lanekeeper-imports-'));
    await plant();
    const folders = ['functions', 'shared', 'local', 'test', 'bench'];
    const child = run(
      process.execPath,
      [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders],
      { cwd: root, maxBuffer: 64_000_000 },
    );
    const { stdout } = await child;
    const { violations } = Report.parse(JSON.parse(stdout)).summary;
    broken = violations.map(({ from, rule }) => `${rule.name}: ${from}`);
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  it.each(planted)('%s is broken by %s', (rule, from) => {
    expect(broken).toContain(`${rule}: ${from}`);
  });

  it('is failed by the check when there is no module to read', async () => {
    const empty = join(root, 'empty');
    await mkdir(empty);

    const child = run(process.execPath, [...checkImports, empty]);

    await expect(child).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('0 modules or imports were read'),
    });
  });

  it('is failed by the check when a rule is broken', async () => {
    const child = run(process.execPath, [...checkImports, 'local'], { cwd: root });

    await expect(child).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the-simulator-is-independent'),
    });
  });
});
