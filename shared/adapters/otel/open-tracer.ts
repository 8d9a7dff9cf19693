import { noTracer, type Tracer } from '../../platform/tracing.ts';
import type { OtelSettings } from './tracer.ts';

/**
 * The tracer that the configuration asks for. OpenTelemetry is loaded here and only when there is somebody to send spans
 * to: in a bundle it is a file of its own, which nobody reads otherwise.
 */
export async function openTracer(
  receiver: Pick<OtelSettings, 'endpoint' | 'headers'> | null,
  about: Pick<OtelSettings, 'function' | 'clock'>,
): Promise<Tracer> {
  if (receiver === null) return noTracer;
  const { createOtelTracer } = await import('./tracer.ts');
  return createOtelTracer({ ...receiver, ...about });
}
