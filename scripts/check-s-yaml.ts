import { access, readFile } from 'node:fs/promises';
import { functionNames } from './bundle.ts';
import { descriptionFaults } from './s-yaml.ts';

/*
 * Holds s.yaml to the platform's limits and to the functions there are.
 */

const folders: string[] = [];
for (const name of await functionNames()) {
  await access(`functions/${name}/index.ts`);
  folders.push(name);
}
const faults = descriptionFaults(await readFile('s.yaml', 'utf8'), folders);
for (const fault of faults) console.error(`s.yaml: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
