import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `.git` is a file in a worktree. */
const notOurs = new Set(['.git', 'node_modules', 'dist', 'coverage']);

/** The project's files below a folder, as paths with `/`, without what is installed, built or hidden in dot folders (`.ci` counts). */
export async function projectFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  async function walk(folder: string): Promise<void> {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries.filter(({ name }) => !notOurs.has(name))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      const isHidden = entry.name.startsWith('.') && entry.name !== '.ci';
      if (entry.isDirectory() && !isHidden) await walk(path);
    }
  }
  await walk('');
  return found.sort();
}

const written = /\.(c?js|mjs|tsx?|css|html|sql|grit|sh)$/;

/** Longer files are read by nobody: split them by subject. */
export const mostLines = 350;

/** The code files with more lines than allowed, with their number of lines. Raises when there are no code files at all. */
export async function oversizedFiles(root: string): Promise<{ path: string; lines: number }[]> {
  const paths = (await projectFiles(root)).filter((path) => written.test(path));
  if (paths.length === 0) throw new Error(`${root} holds no code, so nothing was checked`);
  const sizes = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(root, path), 'utf8');
      return { path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) };
    }),
  );
  return sizes.filter(({ lines }) => lines > mostLines);
}
