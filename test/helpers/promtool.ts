import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from './installed-program.ts';

/** Where promtool is, which Debian's package `prometheus` brings; null where it is not installed. */
export function findPromtool(): string | null {
  return findProgram('promtool');
}

/** What `promtool check metrics` has to say against a text; empty when it accepts it. */
export async function complaintsAbout(promtool: string, text: string): Promise<string> {
  const running = promisify(execFile)(promtool, ['check', 'metrics']);
  running.child.stdin?.end(text);
  try {
    const { stdout, stderr } = await running;
    return `${stdout}${stderr}`.trim();
  } catch (error) {
    return String(error instanceof Error && 'stderr' in error ? error.stderr : error).trim();
  }
}
