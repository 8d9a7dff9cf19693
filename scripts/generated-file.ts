import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a generated file, or with `--check` on the command line compares it with what is there
 * and ends with code 1 when that is stale.
 */
export async function writeOrCheck(path: string, text: string): Promise<void> {
  if (!process.argv.includes('--check')) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`wrote ${path}`);
    return;
  }
  const current = await readFile(path, 'utf8').catch(() => null);
  if (current === text) return;
  console.error(`${path} is stale: run npm run generate`);
  process.exitCode = 1;
}

/** A cell of a Markdown table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
