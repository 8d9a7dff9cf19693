import type { ActorCall, GatedRoute } from '../auth/gate.ts';
import type { Clock } from '../platform/clock.ts';
import { jsonResponse } from '../platform/http/app.ts';
import { pageOf } from '../platform/http/paging.ts';
import { parseQuery } from '../platform/http/query.ts';
import { PageQuery } from '../progress/list-query.ts';
import { type ScheduleList, scheduleBodyOf } from './schedule-body.ts';
import { askedName, noSuchSchedule } from './schedule-name.ts';
import type { ScheduleStore } from './schedule-store.ts';

export interface ScheduleReadDeps {
  schedules: ScheduleStore;
  clock: Clock;
}

/** Reading schedules: for the status function, and for submit, which serves the whole API. */
export function scheduleReads(deps: ScheduleReadDeps): readonly GatedRoute[] {
  const read = { method: 'GET', action: 'read' } as const;
  return [
    { ...read, path: '/v1/schedules', handle: (call) => listSchedules(deps, call) },
    { ...read, path: '/v1/schedules/:name', handle: (call) => getSchedule(deps, call) },
  ];
}

async function listSchedules(
  { schedules, clock }: ScheduleReadDeps,
  { url }: ActorCall,
): Promise<Response> {
  const { limit, cursor } = parseQuery(url, PageQuery);
  const rows = await schedules.list({ limit: limit + 1, after: cursor ?? null });
  const { items, nextCursor } = pageOf(rows, limit, ({ position }) => position);
  const list: ScheduleList = {
    items: items.map((schedule) => scheduleBodyOf(schedule, clock)),
    nextCursor,
  };
  return jsonResponse(list);
}

async function getSchedule(
  { schedules, clock }: ScheduleReadDeps,
  { params }: ActorCall,
): Promise<Response> {
  const schedule = await schedules.get(askedName(params));
  if (schedule === null) throw noSuchSchedule();
  return jsonResponse(scheduleBodyOf(schedule, clock));
}
