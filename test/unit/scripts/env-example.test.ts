import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { variableNames } from '../../../shared/platform/config/variables.ts';
import { loadConfig } from '../../../shared/platform/config.ts';

async function settings(pattern: RegExp): Promise<Record<string, string>> {
  const text = await readFile('.env.example', 'utf8');
  return Object.fromEntries(
    [...text.matchAll(pattern)].map(([, name = '', value = '']) => [name, value]),
  );
}

describe('.env.example', () => {
  it('is a configuration as it stands', async () => {
    const given = await settings(/^([A-Z_]+)=(.*)$/gm);

    const config = await loadConfig({ deployed: false, environment: given });

    expect(config.logLevel).toBe('info');
  });

  it('names only variables that there are', async () => {
    const named = Object.keys(await settings(/^#?([A-Z_]+)=(.*)$/gm));

    expect(named.length).toBeGreaterThan(8);
    expect(variableNames).toEqual(expect.arrayContaining(named));
  });
});
