import { timerAlone, type WorkerWaker } from '../../lane/worker-waker.ts';
import type { Clock } from '../../platform/clock.ts';
import type { WakeConfig } from '../../platform/config/wake.ts';
import type { Random } from '../../platform/random.ts';
import { createFc2Tasks } from './fc2-tasks.ts';
import { createFc3Tasks } from './fc3-tasks.ts';
import type { RoleCredentials } from './invocation.ts';
import { createTaskWaker, type StartTask } from './task-waker.ts';

export interface WakerOptions {
  credentials: () => Promise<RoleCredentials>;
  clock: Clock;
  random: Random;
  /** Milliseconds for one request; a caller of ours may be waiting. */
  timeoutMs?: number;
}

const defaultTimeoutMs = 3_000;

/** The waker of a deployment. */
export function createWaker(config: WakeConfig, options: WakerOptions): WorkerWaker {
  const start = startTaskOf(config, { timeoutMs: defaultTimeoutMs, ...options });
  return start === null ? timerAlone : createTaskWaker(start, options.clock);
}

function startTaskOf(
  config: WakeConfig,
  options: WakerOptions & { timeoutMs: number },
): StartTask | null {
  switch (config.api) {
    case 'local':
      return null;
    case '2016-08-15':
      return createFc2Tasks({ ...config, ...options });
    case '2023-03-30':
      return createFc3Tasks({ ...config, ...options });
  }
}
