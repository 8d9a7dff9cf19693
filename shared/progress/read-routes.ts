import type { ActorCall, GatedRoute } from '../auth/gate.ts';
import type { JobStore } from '../job/job-store.ts';
import type { Clock } from '../platform/clock.ts';
import { jsonResponse, type Route } from '../platform/http/app.ts';
import { pageOf } from '../platform/http/paging.ts';
import { parseQuery } from '../platform/http/query.ts';
import { type ChangeList, changeBodyOf, changeDetailOf } from './change-body.ts';
import { findJob, isId, noSuchChange } from './find-job.ts';
import { type JobList, jobBodyOf, jobTagOf } from './job-body.ts';
import { type JournalDeps, journalRoutes } from './journal-routes.ts';
import { ChangeQuery, JobQuery } from './list-query.ts';

export interface ReadDeps extends JournalDeps {
  jobs: JobStore;
  clock: Clock;
  /** The OpenAPI document, ready to be sent. */
  openApi: unknown;
}

/** Every operation that only reads: shared by the status function and by submit, which serves the whole API. */
export function readRoutes(deps: ReadDeps): readonly GatedRoute[] {
  const reads: readonly [string, (deps: ReadDeps, call: ActorCall) => Promise<Response>][] = [
    ['/v1/jobs', listJobs],
    ['/v1/jobs/:jobId', getJob],
    ['/v1/jobs/:jobId/changes', listChanges],
    ['/v1/jobs/:jobId/changes/:changeId', getChange],
  ];
  const routes = reads.map(
    ([path, read]): GatedRoute => ({
      method: 'GET',
      path,
      action: 'read',
      handle: (call) => read(deps, call),
    }),
  );
  return [...routes, ...journalRoutes(deps)];
}

/** What everybody may read, without a token. */
export function openRoutes(deps: ReadDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/healthz', handle: () => getHealth(deps) },
    { method: 'GET', path: '/v1/openapi.json', handle: () => jsonResponse(deps.openApi) },
  ];
}

async function listJobs({ jobs, clock }: ReadDeps, call: ActorCall): Promise<Response> {
  const { state, limit, cursor } = parseQuery(call.url, JobQuery);
  const rows = await jobs.list({
    states: state ?? null,
    limit: limit + 1,
    before: cursor ?? null,
  });
  const { items, nextCursor } = pageOf(rows, limit, (job) => job.position);
  const list: JobList = { items: items.map((job) => jobBodyOf(job, clock)), nextCursor };
  return jsonResponse(list);
}

async function getJob(deps: ReadDeps, call: ActorCall): Promise<Response> {
  const job = await findJob(deps, call);
  const headers = { ETag: jobTagOf(job), 'Cache-Control': 'private, no-cache' };
  return matches(call.request.headers.get('If-None-Match'), headers.ETag)
    ? new Response(null, { status: 304, headers })
    : jsonResponse(jobBodyOf(job, deps.clock), { headers });
}

async function listChanges(deps: ReadDeps, call: ActorCall): Promise<Response> {
  const { state, limit, cursor } = parseQuery(call.url, ChangeQuery);
  const { id: jobId } = await findJob(deps, call);
  const rows = await deps.jobs.listChanges({
    jobId,
    states: state ?? null,
    limit: limit + 1,
    after: cursor ?? null,
  });
  const { items, nextCursor } = pageOf(rows, limit, (change) => change.seq);
  const list: ChangeList = { items: items.map(changeBodyOf), nextCursor };
  return jsonResponse(list);
}

async function getChange({ jobs }: ReadDeps, call: ActorCall): Promise<Response> {
  const { jobId = '', changeId = '' } = call.params;
  const isKnownForm = isId('job', jobId) && isId('chg', changeId);
  const change = isKnownForm ? await jobs.getChange(jobId, changeId) : null;
  if (change === null) throw noSuchChange();
  return jsonResponse(changeDetailOf(change, await jobs.listEvents(change.id)));
}

async function getHealth({ jobs }: ReadDeps): Promise<Response> {
  await jobs.ping();
  return jsonResponse({ status: 'ok' });
}

/** Weak comparison, as RFC 9110 wants it for `If-None-Match`. */
function matches(header: string | null, tag: string): boolean {
  if (header === null) return false;
  const opaque = (text: string): string => text.trim().replace(/^W\//, '');
  return header.split(',').some((one) => one.trim() === '*' || opaque(one) === opaque(tag));
}
