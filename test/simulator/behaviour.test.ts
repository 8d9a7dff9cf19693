import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { actionNames } from '../../local/simulator/actions/table.ts';
import { faultKinds } from '../../local/simulator/faults.ts';

const spec = readFileSync('local/simulator/BEHAVIOUR.md', 'utf8');

function sourcesIn(folder: string): readonly (readonly [name: string, text: string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]);
}

describe('BEHAVIOUR.md', () => {
  it('has every section that code or a test refers to', () => {
    const headings = new Set([...spec.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading));
    const cited = [...sourcesIn('local/simulator'), ...sourcesIn('test/simulator')].flatMap(
      ([, text]) =>
        [...text.matchAll(/BEHAVIOUR\.md(?:, section)? "([A-Z][^"]+)"/g)].map(([, name]) => name),
    );

    expect(cited.length).toBeGreaterThan(15);
    expect(cited.filter((name) => !headings.has(name))).toEqual([]);
  });

  it.each([...actionNames, ...faultKinds])('mentions %s', (name) => {
    expect(spec).toContain(`\`${name}\``);
  });

  it('mentions every option and every sentinel', () => {
    const options = readFileSync('local/simulator/simulator.ts', 'utf8')
      .split('export interface SimulatorOptions')[1]
      ?.split('\n}')[0]
      ?.matchAll(/readonly (\w+)\?:/g);
    const words = readFileSync('local/simulator/sentinels.ts', 'utf8').matchAll(
      /(?:words\.(?:get|has)\('|\[')([a-z0-9-]+)'/g,
    );
    const missing = [
      ...[...(options ?? [])].map(([, name]) => `\`${name}\``),
      ...[...words].map(([, word]) => `sim:${word}`),
    ].filter((text) => !spec.includes(text));

    expect(missing).toEqual([]);
  });
});

describe('the simulator', () => {
  it('keeps to files of at most 350 lines and imports nothing of the rest of the project', () => {
    for (const [name, text] of sourcesIn('local/simulator')) {
      const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => path);

      expect(text.split('\n').length, name).toBeLessThanOrEqual(351);
      expect(
        imports.filter((path) => /^\.\.\/\.\./.test(path)),
        name,
      ).toEqual([]);
    }
  });
});
