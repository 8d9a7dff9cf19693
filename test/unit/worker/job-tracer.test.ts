import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/platform/errors.ts';
import type { SpanStart, Tracer } from '../../../shared/platform/tracing.ts';
import { createJobTracer } from '../../../shared/worker/job-tracer.ts';
import { aChange } from '../../helpers/factories.ts';

function aRecordingTracer(): { tracer: Tracer; started: SpanStart[] } {
  const started: SpanStart[] = [];
  const tracer: Tracer = {
    isRecording: true,
    inSpan(start, work) {
      started.push(start);
      return work({ traceparent: null, set: () => undefined });
    },
    flush: () => Promise.resolve(),
  };
  return { tracer, started };
}

const step = async () => ({ change: null });

describe("a job's trace", () => {
  it('is asked for once, however many steps there are', async () => {
    const { tracer, started } = aRecordingTracer();
    const asked: string[] = [];
    const traceparentOf = async (jobId: string) => {
      asked.push(jobId);
      return `trace of ${jobId}`;
    };
    const jobs = createJobTracer({ tracer, traces: { traceparentOf } });

    const [a, b] = ['job_a', 'job_b'].map((jobId) => aChange({ jobId }));
    if (!a || !b) throw new Error('no changes');
    await Promise.all([jobs.step(a, step), jobs.step(a, step), jobs.step(b, step)]);
    await jobs.step(a, step);

    expect(asked).toEqual(['job_a', 'job_b']);
    expect(started.map(({ parent }) => parent)).toEqual(
      ['job_a', 'job_a', 'job_b', 'job_a'].map((jobId) => `trace of ${jobId}`),
    );
  });

  it('that cannot be read leaves the step to itself, and is asked for again', async () => {
    const { tracer, started } = aRecordingTracer();
    let isAway = true;
    const traceparentOf = async () => {
      if (isAway) throw new AppError('unavailable', 'away');
      return 'trace';
    };
    const jobs = createJobTracer({ tracer, traces: { traceparentOf } });

    await jobs.step(aChange(), step);
    isAway = false;
    await jobs.step(aChange(), step);

    expect(started.map(({ parent }) => parent)).toEqual([null, 'trace']);
  });
});
