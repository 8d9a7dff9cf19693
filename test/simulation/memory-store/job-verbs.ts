import { effectOf, type JobVerbs, type Order, type Verb } from '../../../shared/job/job-verbs.ts';
import { recordOf } from './job-store.ts';
import { wakeIdleLanes } from './queues.ts';
import { openBatches, stop } from './rollout.ts';
import type { StoredJob, Tables } from './tables.ts';

/** Verbs on jobs in memory. Each call is one step that nobody else comes between. */
export function createMemoryJobVerbs(tables: Tables): JobVerbs {
  return {
    async order(jobId, verb, order) {
      const job = tables.jobs.get(jobId);
      if (job === undefined) return { kind: 'not_found' };
      const { state, isStopping, pauseReason } = job;
      const effect = effectOf(verb, { state, isStopping, isPaused: pauseReason !== null });
      if (effect === 'conflict') return { kind: 'conflict', state };
      if (effect === 'apply') {
        tables.journalOnJob(job, eventOf[verb], { ...order });
        apply[verb](tables, job, order);
        wakeIdleLanes(tables);
      }
      return { kind: 'done', job: recordOf(tables, job) };
    },
  };
}

const eventOf: Readonly<Record<Verb, string>> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};

const apply: Readonly<Record<Verb, (tables: Tables, job: StoredJob, order: Order) => void>> = {
  pause(_, job, { actor, reason }) {
    job.pauseReason = `paused by ${actor}: ${reason}`;
    if (job.state === 'running') job.state = 'paused';
  },
  resume(tables, job) {
    job.pauseReason = null;
    if (job.state !== 'paused') return;
    job.state = 'running';
    openBatches(tables, job, true);
  },
  cancel: (tables, job, order) =>
    stop(tables, job, { reason: `cancelled by ${order.actor}: ${order.reason}`, order }),
};
