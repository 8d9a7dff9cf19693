import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { giveUp } from '../host/process-end.ts';
import { runDemo } from './demo.ts';

const usage = `npm run demo [-- options]

  --small      a fleet of 23 connections instead of 300
  --seed N     another fleet and other faults (default 1)
  --port N     where the host listens (default: any free port)
  --log FILE   write the host's log there, JSON lines of every level
`;

const exitCodes = { held: 0, broken: 1, interrupted: 130 } as const;
const wrongUsage = 2;

interface Arguments {
  small: boolean;
  seed: string;
  port: string;
  log: string | undefined;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        small: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        port: { type: 'string', default: '0' },
        log: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) leave(process.stdout, 0);
    if (!/^\d{1,9}$/.test(values.seed)) leave(process.stderr, wrongUsage);
    return { ...values, log: values.log };
  } catch {
    return leave(process.stderr, wrongUsage);
  }
}

function leave(stream: NodeJS.WriteStream, code: number): never {
  stream.write(usage);
  process.exit(code);
}

async function main(): Promise<void> {
  const { small, seed, port, log } = readArguments();
  const file = log === undefined ? null : createWriteStream(log);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(exitCodes.interrupted);
      stop.abort();
    });
  }
  const end = await runDemo(
    {
      size: small ? 'small' : 'full',
      seed: Number(seed),
      port,
      output: process.stdout,
      log: (line) => file?.write(`${line}\n`),
      clock,
      random,
    },
    stop.signal,
  );
  process.exitCode = exitCodes[end];
  file?.end();
}

main().catch(giveUp);
