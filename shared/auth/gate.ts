import type { ApiToken } from '../platform/config/api-token.ts';
import { AppError, toAppError } from '../platform/errors.ts';
import type { Call, Route } from '../platform/http/app.ts';
import type { Actor } from './actor.ts';
import { authenticate } from './authenticate.ts';
import type { Action } from './authorize.ts';
import { type Attempt, createWatch, failureLimit, type Watch, type WatchDeps } from './watch.ts';

/** A call by somebody who may make it. */
export interface ActorCall extends Call {
  actor: Actor;
}

/** A route that takes a token whose roles allow the action. */
export interface GatedRoute extends Omit<Route, 'handle'> {
  action: Action;
  handle(call: ActorCall): Promise<Response> | Response;
}

export interface GateDeps extends WatchDeps {
  tokens: readonly ApiToken[];
  /** Requests a minute for each token; an address, where it is known, behind which many may sit, has twice that. */
  requestsPerMinute: number;
}

/** Lets only those pass to routes who may use them. */
export type Gate = (routes: readonly GatedRoute[]) => readonly Route[];

const addressShare = 2;

/**
 * A gate that knows these tokens. Every request is counted, for its token and for its address; every refused attempt and
 * every verb is audited. The routes behind it raise `unauthenticated`, `forbidden` and `rate_limited` besides their own.
 */
export function createGate(deps: GateDeps): Gate {
  const watch = createWatch(deps);
  return (routes) =>
    routes.map((route) => ({ ...route, handle: (call) => pass({ ...deps, watch }, route, call) }));
}

async function pass(
  { watch, ...deps }: GateDeps & { watch: Watch },
  route: GatedRoute,
  call: Call,
): Promise<Response> {
  const attempt = attemptOf(route, call);
  const { address } = call;
  const actor = identify(deps.tokens, call);
  if (actor instanceof AppError) {
    await watch.count(attempt, null, failureLimit(address));
    await watch.note(attempt, null, actor.code);
    throw actor;
  }
  const { requestsPerMinute } = deps;
  await watch.count(attempt, actor.name, [
    { scope: `token:${actor.name}`, perMinute: requestsPerMinute },
    ...(address === null
      ? []
      : [{ scope: `address:${address}`, perMinute: requestsPerMinute * addressShare }]),
  ]);
  await watch.admit(attempt, actor);
  return watch.carryOut(attempt, actor, {
    run: () => route.handle({ ...call, actor }),
    came: ({ headers, status }) => ({
      jobId: /^\/v1\/jobs\/(job_\w+)$/.exec(headers.get('Location') ?? '')?.[1] ?? null,
      // The comparison with the cloud goes on, and whoever asked is to ask again.
      outcome: attempt.action === 'approve' && status === 202 ? 'pending' : 'done',
    }),
  });
}

function identify(tokens: readonly ApiToken[], { request }: Call): Actor | AppError {
  try {
    return authenticate(tokens, request.headers.get('Authorization'));
  } catch (error) {
    return toAppError(error);
  }
}

function attemptOf(
  { action, method }: GatedRoute,
  { url, params, address, requestId }: Call,
): Attempt {
  const { jobId = null } = params;
  return { action, operation: `${method} ${url.pathname}`, address, jobId, requestId };
}
