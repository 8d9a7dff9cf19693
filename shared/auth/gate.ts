import type { ApiToken } from '../platform/config/api-token.ts';
import { AppError, toAppError } from '../platform/errors.ts';
import type { Call, Route } from '../platform/http/app.ts';
import type { Actor } from './actor.ts';
import type { AuditLog } from './audit-log.ts';
import { authenticate } from './authenticate.ts';
import { type Action, authorize, permissions } from './authorize.ts';
import type { RateLimit, RateVerdict, RequestRate } from './request-rate.ts';

/** A call by somebody who may make it. */
export interface ActorCall extends Call {
  actor: Actor;
}

/** A route that takes a token whose roles allow the action. */
export interface GatedRoute extends Omit<Route, 'handle'> {
  action: Action;
  handle(call: ActorCall): Promise<Response> | Response;
}

export interface GateDeps {
  tokens: readonly ApiToken[];
  rate: RequestRate;
  audit: AuditLog;
  /** Requests a minute for each token; an address, behind which many may sit, has twice that. */
  requestsPerMinute: number;
}

/** Lets only those pass to routes who may use them. */
export type Gate = (routes: readonly GatedRoute[]) => readonly Route[];

/** Tokens that are not known, for each address in a minute; beyond it nobody is told whether one more is. */
const failuresPerMinute = 60;
const addressShare = 2;

/**
 * A gate that knows these tokens. Every request is counted, for its token and for its address; every refused attempt and
 * every verb is audited. The routes behind it raise `unauthenticated`, `forbidden` and `rate_limited` besides their own.
 */
export function createGate(deps: GateDeps): Gate {
  return (routes) =>
    routes.map((route) => ({ ...route, handle: (call) => pass(deps, route, call) }));
}

async function pass(deps: GateDeps, route: GatedRoute, call: Call): Promise<Response> {
  const actor = await admit(deps, route, call);
  if (!permissions[route.action].isVerb) return route.handle({ ...call, actor });
  try {
    const response = await route.handle({ ...call, actor });
    await note(deps, route, call, { actor: actor.name, outcome: 'done', response });
    return response;
  } catch (error) {
    await note(deps, route, call, { actor: actor.name, outcome: toAppError(error).code });
    throw error;
  }
}

/** Who asks, once it is clear that he may. */
async function admit(deps: GateDeps, route: GatedRoute, call: Call): Promise<Actor> {
  const actor = identify(deps.tokens, call);
  if (actor instanceof AppError) return refuseUnknown(deps, route, call, actor);
  const { requestsPerMinute } = deps;
  await keepRate(deps, route, call, actor.name, [
    { scope: `token:${actor.name}`, perMinute: requestsPerMinute },
    ...addressLimit('address', call, requestsPerMinute * addressShare),
  ]);
  try {
    authorize(actor, route.action);
    return actor;
  } catch (error) {
    await note(deps, route, call, { actor: actor.name, outcome: toAppError(error).code });
    throw error;
  }
}

function identify(tokens: readonly ApiToken[], { request }: Call): Actor | AppError {
  try {
    return authenticate(tokens, request.headers.get('Authorization'));
  } catch (error) {
    return toAppError(error);
  }
}

async function refuseUnknown(
  deps: GateDeps,
  route: GatedRoute,
  call: Call,
  error: AppError,
): Promise<never> {
  await keepRate(deps, route, call, null, addressLimit('failures', call, failuresPerMinute));
  await note(deps, route, call, { actor: null, outcome: error.code });
  throw error;
}

function addressLimit(kind: string, { address }: Call, perMinute: number): readonly RateLimit[] {
  return address === null ? [] : [{ scope: `${kind}:${address}`, perMinute }];
}

/** Counts the request. Raises `rate_limited`, of which the audit keeps the first in each minute. */
async function keepRate(
  deps: GateDeps,
  route: GatedRoute,
  call: Call,
  actor: string | null,
  limits: readonly RateLimit[],
): Promise<void> {
  const verdict: RateVerdict = await deps.rate.count(limits);
  if (verdict.over === null) return;
  if (verdict.isFirst) await note(deps, route, call, { actor, outcome: 'rate_limited' });
  throw new AppError('rate_limited', 'too many requests in this minute', {
    retryAfterSeconds: verdict.retryAfterSeconds,
  });
}

async function note(
  { audit }: GateDeps,
  { action, method }: GatedRoute,
  { url, params, address, requestId }: Call,
  what: { actor: string | null; outcome: string; response?: Response },
): Promise<void> {
  const { actor, outcome, response } = what;
  const made = /^\/v1\/jobs\/(job_\w+)$/.exec(response?.headers.get('Location') ?? '')?.[1];
  const jobId = params.jobId ?? made ?? null;
  const operation = `${method} ${url.pathname}`;
  await audit.append({ actor, address, action, operation, jobId, outcome, requestId });
}
