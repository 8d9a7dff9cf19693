import { z } from 'zod';
import type { JobTraces } from '../../worker/job-tracer.ts';
import type { Database } from './database.ts';

const TraceRow = z.object({ traceparent: z.string().nullable() });

/** Where the traces of jobs began, on PostgreSQL. */
export function createPgJobTraces({ query }: Database): JobTraces {
  return {
    async traceparentOf(jobId) {
      const [row] = await query('SELECT traceparent FROM lanekeeper.job WHERE id = $1', [jobId]);
      return row === undefined ? null : TraceRow.parse(row).traceparent;
    },
  };
}
