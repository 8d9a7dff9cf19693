import type { Clock } from './clock.ts';
import { AppError } from './errors.ts';

interface Waiting<Input, Output> {
  input: Input;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
}

/** Hands one input in; resolves with its output once the batch it travelled in is done. */
export type Gatherer<Input, Output> = (input: Input) => Promise<Output>;

/**
 * Gathers inputs that come within `lingerMs` and runs them as one batch. `run` answers with one output for each input,
 * in their order; when it rejects, every caller of the batch is rejected. With `serial`, one batch runs at a time and
 * what comes meanwhile forms the next: the longer a batch takes, the larger the next one is.
 */
export function createGatherer<Input, Output>(options: {
  run: (batch: readonly Input[]) => Promise<readonly Output[]>;
  lingerMs: number;
  clock: Clock;
  serial?: boolean;
  maxBatch?: number;
}): Gatherer<Input, Output> {
  const { run, lingerMs, clock, serial = false, maxBatch = 1000 } = options;
  let waiting: Waiting<Input, Output>[] = [];
  let lingering = false;
  let running = 0;

  async function flush(): Promise<void> {
    await clock.sleep(lingerMs);
    lingering = false;
    if (serial && running > 0) return;
    const batch = waiting.slice(0, maxBatch);
    waiting = waiting.slice(maxBatch);
    if (waiting.length > 0 && !serial) linger();
    await runBatch(batch);
    if (serial && waiting.length > 0) linger();
  }

  async function runBatch(batch: readonly Waiting<Input, Output>[]): Promise<void> {
    if (batch.length === 0) return;
    running += 1;
    try {
      const outputs = await run(batch.map(({ input }) => input));
      if (outputs.length !== batch.length) {
        throw new AppError('internal', 'a batch was answered with another number of outputs');
      }
      outputs.forEach((output, index) => {
        batch[index]?.resolve(output);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
    }
  }

  function linger(): void {
    if (lingering) return;
    lingering = true;
    void flush();
  }

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (!(serial && running > 0)) linger();
    });
}
