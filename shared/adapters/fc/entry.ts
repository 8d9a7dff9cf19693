import type { z } from 'zod';
import { toAppError } from '../../platform/errors.ts';
import type { Edge, HttpApp } from '../../platform/http/app.ts';
import { problemResponse } from '../../platform/http/problem.ts';
import { jsonOf } from './events.ts';
import { answerHttpEvent, encodeResponse, type FcHttpResponse } from './http-event.ts';
import {
  createInstance,
  type FunctionParts,
  type Instance,
  type Surroundings,
} from './instance.ts';
import type { Invocation } from './invocation.ts';

/** What a function's module exports for the platform to call; `s.yaml` names them. */
export interface FunctionEntry {
  handler(event: unknown, context: unknown): Promise<unknown>;
  /** Before the first invocation. Never rejects: the platform would start instance after instance. */
  initialize(context: unknown): Promise<void>;
  /** Before the instance ends. */
  preStop(context: unknown): Promise<void>;
}

/** The same of a function with an HTTP trigger; `fetch` is for runtimes that hand over the request itself. */
export interface HttpFunctionEntry extends FunctionEntry {
  handler(event: unknown, context: unknown): Promise<FcHttpResponse>;
  fetch(request: Request, context: unknown): Promise<Response>;
}

/** The entry of a function with an HTTP trigger. An instance that cannot start answers 503. */
export function createHttpEntry(
  name: string,
  parts: FunctionParts<HttpApp>,
  surroundings?: Surroundings,
): HttpFunctionEntry {
  const instance = createInstance(name, parts, surroundings);
  async function answer(request: Request, edge?: Edge): Promise<Response> {
    let app: HttpApp;
    try {
      app = await instance.ready();
    } catch (error) {
      return problemResponse(toAppError(error));
    }
    return app.fetch(request, edge);
  }
  return {
    ...lifecycleOf(instance),
    handler: (event, context) =>
      instance.during(context, () =>
        answerHttpEvent(event, answer, () => warnOfUnknown(instance, event)),
      ),
    // Without an address: the platform documents none for custom runtimes, and a header may be forged.
    fetch: (request, context) => instance.during(context, () => answer(request)),
  };
}

/** What a function does with its events. */
export interface EventFunction<Service, Event> extends FunctionParts<Service> {
  /** The kind of event that it takes. Any other is logged and acknowledged: a repetition would not change it. */
  event: z.ZodType<Event>;
  run(
    service: Service,
    event: Event,
    invocation: Pick<Invocation, 'timeoutMs' | 'requestId'> & { stop: AbortSignal },
  ): Promise<unknown>;
}

/**
 * The entry of a function that is invoked asynchronously or by a timer. An instance that cannot start answers with the
 * same 503 as over HTTP; a run that fails is logged and rejects, so that the platform counts it.
 */
export function createEventEntry<Service, Event>(
  name: string,
  { event: Kind, run, ...parts }: EventFunction<Service, Event>,
  surroundings?: Surroundings,
): FunctionEntry {
  const instance = createInstance(name, parts, surroundings);
  async function answer(event: unknown, { timeoutMs, requestId }: Invocation): Promise<unknown> {
    const known = Kind.safeParse(jsonOf(event));
    if (!known.success) {
      warnOfUnknown(instance, event);
      return { kind: 'unknown' };
    }
    let service: Service;
    try {
      service = await instance.ready();
    } catch (error) {
      return encodeResponse(problemResponse(toAppError(error)));
    }
    try {
      return await run(service, known.data, { timeoutMs, requestId, stop: instance.stop });
    } catch (error) {
      instance.logger().error('invocation failed', { err: error });
      throw toAppError(error);
    }
  }
  return {
    ...lifecycleOf(instance),
    handler: (event, context) =>
      instance.during(context, (invocation) => answer(event, invocation)),
  };
}

function lifecycleOf(instance: Instance<unknown>): Pick<FunctionEntry, 'initialize' | 'preStop'> {
  return {
    initialize: (context) =>
      instance.during(context, () =>
        instance.ready().then(
          () => undefined,
          () => undefined,
        ),
      ),
    preStop: () => instance.close(),
  };
}

/** Its content may be anything, a token included: only its size is told. */
function warnOfUnknown(instance: Instance<unknown>, event: unknown): void {
  const bytes = event instanceof Uint8Array || typeof event === 'string' ? event.length : null;
  instance.logger().warn('event of an unknown kind', { bytes });
}
