import type { ChangeProgress, ChangeRecord } from '../change/record.ts';
import { aroundCalls, codeOf } from '../connection/around-calls.ts';
import type { VpnApi } from '../connection/vpn-api.ts';
import type { Tracer } from '../platform/tracing.ts';

/** Where the traces of jobs began. */
export interface JobTraces {
  /** The job's `traceparent`; null when its submission was not recorded. Raises `unavailable`. */
  traceparentOf(jobId: string): Promise<string | null>;
}

/** Of a step's result, what its span tells: where the change stands now, if it moved. */
interface Traceable {
  change: Pick<ChangeProgress, 'state'> | null;
}

/** Records what a worker does under the traces of the jobs it does it for. */
export interface JobTracer {
  /** Runs one step of a change as a span of its job's trace. */
  step<Result extends Traceable>(
    change: ChangeRecord,
    work: () => Promise<Result>,
  ): Promise<Result>;
  flush(): Promise<void>;
}

/** Of how many jobs a worker remembers the traces. */
const remembered = 1_000;

/** Records nothing and asks nobody. */
export const noJobTracer: JobTracer = {
  step: (_change, work) => work(),
  flush: () => Promise.resolve(),
};

/** A job's trace is looked up once; where that fails the step stands in a trace of its own. */
export function createJobTracer({
  tracer,
  traces,
}: {
  tracer: Tracer;
  traces: JobTraces;
}): JobTracer {
  const known = new Map<string, Promise<string | null>>();
  function parentOf(jobId: string): Promise<string | null> {
    const before = known.get(jobId);
    if (before !== undefined) return before;
    const asked = traces.traceparentOf(jobId).catch(() => {
      known.delete(jobId);
      return null;
    });
    known.set(jobId, asked);
    const [oldest] = known.keys();
    if (known.size > remembered && oldest !== undefined) known.delete(oldest);
    return asked;
  }
  return {
    async step(change, work) {
      const { jobId, id, vpnConnectionId, regionId, laneKey, step } = change;
      const attributes = {
        'lanekeeper.job_id': jobId,
        'lanekeeper.change_id': id,
        'lanekeeper.vpn_connection_id': vpnConnectionId,
        'lanekeeper.lane': laneKey ?? '',
        'cloud.region': regionId,
      };
      const start = { name: `change ${step ?? 'read'}`, kind: 'consumer', attributes } as const;
      return tracer.inSpan({ ...start, parent: await parentOf(jobId) }, async (span) => {
        const result = await work();
        span.set({ 'lanekeeper.state': result.change?.state ?? change.state });
        return result;
      });
    },
    flush: () => tracer.flush(),
  };
}

/** The VPC API, every call of it a span with the code of its answer. */
export function traceCalls(api: VpnApi, tracer: Tracer): VpnApi {
  if (!tracer.isRecording) return api;
  return aroundCalls(api, ({ action, regionId }, run) => {
    const attributes = {
      'rpc.system': 'aliyun',
      'rpc.service': 'vpc',
      'rpc.method': action,
      'cloud.region': regionId,
    };
    return tracer.inSpan({ name: `vpc ${action}`, kind: 'client', attributes }, async (span) => {
      const outcome = await run();
      span.set({ 'lanekeeper.code': codeOf(outcome) });
      return outcome;
    });
  });
}
