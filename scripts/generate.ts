import { readdir } from 'node:fs/promises';

/*
 * `npm run generate`: writes every generated file, each by its own scripts/generate-*.ts. `-- --check` only compares.
 */

const generators = (await readdir('scripts')).filter((name) => /^generate-.+\.ts$/.test(name));
if (generators.length === 0) throw new Error('there is no scripts/generate-*.ts');
for (const name of generators.sort()) await import(`./${name}`);
