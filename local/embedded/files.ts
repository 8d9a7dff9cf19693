import { constants } from 'node:fs';
import { cp, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const draftMark = '.draft-';

/** How many files are synced at once; the disk gathers them. */
const syncsAtOnce = 16;

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Forces everything in a folder, and the folder itself, to the disk. */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true });
  const paths = [folder, ...entries.map((entry) => join(folder, entry))];
  let next = 0;
  const drain = async (): Promise<void> => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) await syncPath(path);
  };
  await Promise.all(Array.from({ length: syncsAtOnce }, drain));
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'code');
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/**
 * Makes a folder appear whole or not at all, its content on disk before it bears its name: `fill` works on a folder
 * beside it, which is then renamed. When somebody else was faster, theirs stays.
 */
export async function createFolder(
  folder: string,
  fill: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = await mkdtemp(`${folder}${draftMark}`);
  try {
    await fill(draft);
    await syncTree(draft);
    await renameUnlessThere(draft, folder);
    await syncPath(dirname(folder));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Removes what a process that died in `createFolder` left behind. Only while nobody else can be creating the folder. */
export async function removeDrafts(folder: string): Promise<void> {
  const parent = dirname(folder);
  const prefix = `${basename(folder)}${draftMark}`;
  const drafts = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  await Promise.all(drafts.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}

/** Copies a folder's content, sharing blocks where the file system can. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}
