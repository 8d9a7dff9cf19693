import { z } from 'zod';

/** What a waker sends; all there is to know is that somebody wants the worker to look. */
export const WakeEvent = z.object({ kind: z.literal('wake') });

/** A tick of the timer trigger. Source: "Time triggers", the event's format. */
export const TickEvent = z.object({
  /** The planned time; the same for doubles of a tick. */
  triggerTime: z.iso.datetime({ offset: true }),
  triggerName: z.string(),
  payload: z.literal('tick'),
});

/** An event as a value: it comes as bytes; tests and other callers may give it parsed. Null when it is no JSON. */
export function jsonOf(event: unknown): unknown {
  if (!(event instanceof Uint8Array) && typeof event !== 'string') return event;
  try {
    const value: unknown = JSON.parse(Buffer.from(event).toString('utf8'));
    return value;
  } catch {
    return null;
  }
}
