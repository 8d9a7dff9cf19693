import { mostLines, oversizedFiles } from './source-files.ts';

/*
 * Fails when a code file below the folder given, by default the project, is too long.
 */

for (const { path, lines } of await oversizedFiles(process.argv[2] ?? '.')) {
  console.error(`${path} has ${lines} lines, ${mostLines} are allowed`);
  process.exitCode = 1;
}
