import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import openApi from '../../docs/openapi.json' with { type: 'json' };
import { projectFiles } from '../../scripts/source-files.ts';
import { exposition } from '../../shared/metrics/exposition.ts';
import { Plan } from '../../shared/plan/schema.ts';
import { ApiTokens } from '../../shared/platform/config/api-token.ts';
import { aFleetState } from '../helpers/factories.ts';

const [deploying, runbook, description] = await Promise.all(
  ['docs/deploy.md', 'docs/runbook.md', 's.yaml'].map((path) => readFile(path, 'utf8')),
);

/** The part of a document under the heading that begins so, up to the next of its rank. */
function sectionOf(text: string | undefined, heading: string): string {
  const [, after = ''] = (text ?? '').split(`\n## ${heading}`);
  return after.split('\n## ')[0] ?? '';
}

/** What stands in backticks in the first cells of a table. */
function firstCells(section: string): string[] {
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)])
    .map(([, text = '']) => text);
}

function blockOf(section: string, language: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section)?.[1] ?? '';
}

describe('the way to a deployment', () => {
  it('names every variable that the description takes from the environment', () => {
    const taken = [...(description ?? '').matchAll(/env\('(\w+)'/g)].map(([, name]) => name);

    expect(firstCells(sectionOf(deploying, '6.')).sort()).toEqual([...new Set(taken)].sort());
  });

  it('makes every secret that the description refers to', () => {
    const referred = [...(description ?? '').matchAll(/kms-secret:(\S+)/g)].map(([, name]) => name);

    expect(firstCells(sectionOf(deploying, '3.')).sort()).toEqual(referred.sort());
  });

  it('makes a first token that the configuration takes', async () => {
    const [, command = ''] = blockOf(sectionOf(deploying, '4.'), 'sh').split('rand -hex 32)\n');
    const { stdout } = await promisify(execFile)('bash', ['-c', `token=abc; ${command}`]);

    const sha256 = createHash('sha256').update('abc').digest('hex');
    expect(ApiTokens.parse(JSON.parse(stdout))).toMatchObject([{ sha256, roles: ['admin'] }]);
  });

  it('sends every path of the API to a function that serves it', () => {
    expect(firstCells(sectionOf(deploying, '7.'))).toEqual(['/v1/chatops/*', '/*']);
    expect(
      Object.keys(openApi.paths).filter((path) => path.startsWith('/v1/chatops/')),
    ).toHaveLength(3);
  });

  it('has a first plan that is accepted', () => {
    const plan: unknown = JSON.parse(blockOf(sectionOf(deploying, '8.'), 'json'));

    expect(Plan.safeParse(plan).error).toBeUndefined();
  });
});

describe('the runbook', () => {
  it('explains every metric, and none that there is not', () => {
    const text = exposition(aFleetState());
    const shown = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);

    const [, table = ''] = sectionOf(runbook, 'Metrics').split('| metric');
    const explained = firstCells(table)
      .map((name) => name.replace(/\{.*\}/, ''))
      .map((name) => name.replace('…', 'lanekeeper_lane_waiting_changes'));
    expect(explained.sort()).toEqual(shown.sort());
  });

  it('quotes log messages as the code has them', async () => {
    const paths = (await projectFiles('.')).filter((path) =>
      /^(shared|functions)\/.*\.ts$/.test(path),
    );
    const code = (await Promise.all(paths.map((path) => readFile(path, 'utf8')))).join('\n');

    const [, table = ''] = sectionOf(runbook, 'Logs').split('| message');
    const quoted = firstCells(table);
    expect(quoted.length).toBeGreaterThan(10);
    expect(quoted.filter((message) => !code.includes(`'${message}'`))).toEqual([]);
  });
});
