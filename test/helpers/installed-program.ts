import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a program of the system is: in the folders of PATH, or in those given besides; null where it is not installed. */
export function findProgram(name: string, besides: readonly string[] = []): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...besides];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}
