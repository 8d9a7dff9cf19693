import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/**
 * What a managed runtime does: imports the module and calls what it exports, once for each line. A file, because `node -e`
 * has a `require` of its own.
 */
const runtime = `
import { createInterface } from 'node:readline';
const [, , bundle] = process.argv;
const entry = await import(bundle);
for await (const line of createInterface({ input: process.stdin })) {
  const { call, event, context } = JSON.parse(line);
  const input = Buffer.from(event, 'base64');
  const args = call === 'handler' ? [input, context] : [context];
  const answer = await entry[call](...args).then(
    (value) => ({ value: value ?? null }),
    (error) => ({ error: String(error) }),
  );
  process.stdout.write(JSON.stringify(answer) + '\\n');
}
process.exit(0);
`;

const Answer = z.object({ value: z.unknown().optional(), error: z.string().optional() });

/** One instance of a function: a process of its own that is called as the platform calls it. */
export interface FunctionInstance {
  process: ChildProcessWithoutNullStreams;
  /** What the handler resolved with; raises what it rejected with. */
  handler(event: unknown): Promise<unknown>;
  initialize(): Promise<unknown>;
  preStop(): Promise<unknown>;
  stderr(): string;
  /** Everything it wrote. */
  output(): string;
  /** Ends it and gives the exit code. */
  end(): Promise<number | null>;
}

const running = new Set<ChildProcessWithoutNullStreams>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts an instance of a bundle in `folder`, where no package is installed. */
export async function startInstance(options: {
  node: string;
  folder: string;
  name: string;
  environment: Readonly<Record<string, string>>;
  context: object;
}): Promise<FunctionInstance> {
  const { node, folder, name, environment, context } = options;
  const runtimeFile = join(folder, '..', 'runtime.mjs');
  await writeFile(runtimeFile, runtime);
  const bundle = pathToFileURL(join(folder, `${name}.mjs`)).href;
  const child = spawn(node, [runtimeFile, bundle], { cwd: folder, env: { ...environment } });
  running.add(child);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return typeof code === 'number' ? code : null;
  });
  const waiting: ((line: string) => void)[] = [];
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`;
    waiting.shift()?.(line);
  });
  async function call(what: string, event: unknown = null): Promise<unknown> {
    const answered = new Promise<string>((resolve) => waiting.push(resolve));
    const bytes = Buffer.from(JSON.stringify(event)).toString('base64');
    child.stdin.write(`${JSON.stringify({ call: what, event: bytes, context })}\n`);
    const died = ended.then((code) => {
      throw new Error(`${name} ended with ${code}: ${stderr}`);
    });
    died.catch(() => undefined);
    const { value, error } = Answer.parse(JSON.parse(await Promise.race([answered, died])));
    if (error !== undefined) throw new Error(error);
    return value;
  }
  return {
    process: child,
    handler: (event) => call('handler', event),
    initialize: () => call('initialize'),
    preStop: () => call('preStop'),
    stderr: () => stderr,
    output: () => stdout + stderr,
    end() {
      child.stdin.end();
      return ended;
    },
  };
}
