import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** Names the guard that is off in a run of the tests. */
export const mutationVariable = 'LANEKEEPER_MUTATION';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The file's text without the guard. Throws where the guard's text does not stand exactly once: it was rewritten. */
export function withoutGuard({ guard, file, text, becomes }: Mutation, code: string): string {
  const pieces = code.split(text);
  if (pieces.length === 2) return pieces.join(becomes);
  const found = pieces.length - 1;
  throw new Error(
    `mutation ${guard}: ${file} holds its text ${found} times, it must once: ${text}`,
  );
}

/** Switches the guard off that the environment names, as its file is loaded; nothing is changed on disk. */
export function mutationPlugin(guard = process.env[mutationVariable]): Plugin {
  const mutation = mutations.find((each) => each.guard === guard);
  if (guard !== undefined && mutation === undefined) {
    const known = mutations.map((each) => each.guard).join(', ');
    throw new Error(`${mutationVariable} is ${guard}; use one of ${known}`);
  }
  return {
    name: 'lanekeeper-mutation',
    enforce: 'pre',
    transform(code, id) {
      if (mutation === undefined || relative(root, id) !== mutation.file) return null;
      return { code: withoutGuard(mutation, code), map: null };
    },
  };
}
