import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import openApi from '../../docs/openapi.json' with { type: 'json' };
import { functionNames } from '../../scripts/bundle.ts';
import { descriptionFaults } from '../../scripts/s-yaml.ts';
import { oversizedFiles, projectFiles } from '../../scripts/source-files.ts';
import { errorCatalog } from '../../shared/platform/errors.ts';

/** What nothing of ours may mention: paths of a machine, and hosts that packages were once installed from. */
const forbidden = ['/wo_rk/', '../sha_red/reference', 'registry_.npm', 'npm_mirror'].map((text) =>
  text.replace('_', ''),
);
const files = await projectFiles('.');
const texts = new Map(
  await Promise.all(
    files.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'utf8')]),
  ),
);

function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(<?([^)>\s]+)>?\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .map((target) => decodeURI(target.replace(/#.*$/, '')));
}

describe('the house', () => {
  it('deploys every function folder and nothing else', async () => {
    const text = texts.get('s.yaml') ?? '';

    expect(descriptionFaults(text, await functionNames(), openApi.paths)).toEqual([]);
  });

  it('uses every error code', () => {
    const code = files
      .filter((path) => /^(shared|functions|local)\/.*\.ts$/.test(path))
      .filter((path) => path !== 'shared/platform/errors.ts')
      .map((path) => texts.get(path))
      .join('\n');

    const unused = Object.keys(errorCatalog).filter((name) => !code.includes(`'${name}'`));

    expect(unused).toEqual([]);
  });

  it('keeps every file short', async () => {
    expect(await oversizedFiles('.')).toEqual([]);
  });

  it('mentions no machine and no package host', () => {
    const found = [...texts].flatMap(([path, text]) =>
      forbidden.filter((word) => text.includes(word)).map((word) => `${path}: ${word}`),
    );

    expect(found).toEqual([]);
  });

  it('locks packages by their digest, not by where they came from', () => {
    expect(texts.get('package-lock.json')).not.toContain('"resolved": "http');
  });

  it('links only to files that exist', async () => {
    const broken: string[] = [];
    for (const path of files.filter((name) => name.endsWith('.md'))) {
      for (const target of linksOf(texts.get(path) ?? '')) {
        const exists = await access(join(dirname(path), target)).then(
          () => true,
          () => false,
        );
        if (!exists) broken.push(`${path}: ${target}`);
      }
    }

    expect(broken).toEqual([]);
  });
});
