import { Hono } from 'hono';
import { AppError, errorCatalog, toAppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Random } from '../random.ts';
import { problemResponse } from './problem.ts';

/** One request on its way. */
export interface Call {
  request: Request;
  url: URL;
  /** Parameters of the path, decoded. */
  params: Readonly<Record<string, string>>;
  /** The network address it comes from, as the edge saw it; null where there is none. */
  address: string | null;
  requestId: string;
  /** Adds the request's id to each line. */
  logger: Logger;
}

/** One operation: what answers a method on a path. A rejection becomes a problem response. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With parameters as `:name`. */
  path: string;
  handle(call: Call): Promise<Response> | Response;
}

/** What the edge knows of a request besides itself. */
export interface Edge {
  address: string | null;
}

/** A function's HTTP side. `fetch` never rejects. */
export interface HttpApp {
  fetch(request: Request, edge?: Edge): Promise<Response>;
  routes: readonly Route[];
}

export interface HttpDeps {
  logger: Logger;
  random: Random;
}

const requestIdBytes = 12;

/** An app of these routes: unknown paths get 404, other methods 405 with `Allow`, and every error a problem body. */
export function createHttpApp(deps: HttpDeps, routes: readonly Route[]): HttpApp {
  const hono = new Hono<{ Bindings: Edge }>();
  for (const route of routes) {
    hono.on(route.method, route.path, ({ req, env }) =>
      answer(deps, req.raw, (traced) => {
        const at = { request: req.raw, url: new URL(req.url), params: req.param() };
        return route.handle({ ...at, ...traced, address: env.address });
      }),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = allowedMethods(routes, path);
    hono.all(path, async ({ req }) => {
      const response = await answer(deps, req.raw, () => {
        throw new AppError('method_not_allowed', `the path takes ${allow}`);
      });
      response.headers.set('Allow', allow);
      return response;
    });
  }
  hono.notFound(({ req }) =>
    answer(deps, req.raw, () => {
      throw new AppError('not_found', 'there is nothing at this path');
    }),
  );
  return { fetch: async (request, edge = { address: null }) => hono.fetch(request, edge), routes };
}

function allowedMethods(routes: readonly Route[], path: string): string {
  const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

/** Runs a handler; what it throws is logged and becomes a problem. */
async function answer(
  { logger, random }: HttpDeps,
  request: Request,
  handle: (traced: Pick<Call, 'requestId' | 'logger'>) => Promise<Response> | Response,
): Promise<Response> {
  const requestId = requestIdOf(request, random);
  const ownLogger = logger.child({ requestId });
  let response: Response;
  try {
    response = await handle({ requestId, logger: ownLogger });
  } catch (thrown) {
    const error = toAppError(thrown);
    logFailure(ownLogger, error);
    response = problemResponse(error);
  }
  protect(response.headers);
  response.headers.set('X-Request-Id', requestId);
  return response;
}

/** The id that the platform in front gave the request, or one of our own. */
function requestIdOf(request: Request, random: Random): string {
  const given = request.headers.get('X-Request-Id') ?? '';
  return /^[\w.:-]{1,64}$/.test(given)
    ? given
    : `req_${random.bytes(requestIdBytes).toString('hex')}`;
}

function logFailure(logger: Logger, error: AppError): void {
  const { blame, status } = errorCatalog[error.code];
  const fields = { code: error.code, status };
  if (blame === 'caller') logger.info('request refused', fields);
  else logger.error('request failed', { ...fields, err: error });
}

/** What every answer says to browsers; a handler's own header wins. */
const protection: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

function protect(headers: Headers): void {
  for (const [name, value] of Object.entries(protection)) {
    if (!headers.has(name)) headers.set(name, value);
  }
}

/** A JSON response. */
export function jsonResponse(
  body: unknown,
  options: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const { status = 200, headers = {} } = options;
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}
