import type { Guard } from '../auth/guard.ts';
import type { Clock } from '../platform/clock.ts';
import { type Call, jsonResponse, type Route } from '../platform/http/app.ts';
import { parseQuery } from '../platform/http/query.ts';
import { PageQuery, pageOf } from '../progress/list-query.ts';
import { type ScheduleList, scheduleBodyOf } from './schedule-body.ts';
import { askedName, noSuchSchedule } from './schedule-name.ts';
import type { ScheduleStore } from './schedule-store.ts';

export interface ScheduleReadDeps {
  schedules: ScheduleStore;
  guard: Guard;
  clock: Clock;
}

/** Reading schedules: for the status function, and for submit, which serves the whole API. */
export function scheduleReads(deps: ScheduleReadDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/schedules', handle: (call) => listSchedules(deps, call) },
    { method: 'GET', path: '/v1/schedules/:name', handle: (call) => getSchedule(deps, call) },
  ];
}

async function listSchedules(
  { schedules, guard, clock }: ScheduleReadDeps,
  { request, url }: Call,
): Promise<Response> {
  guard(request, 'read');
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
  { schedules, guard, clock }: ScheduleReadDeps,
  { request, params }: Call,
): Promise<Response> {
  guard(request, 'read');
  const schedule = await schedules.get(askedName(params));
  if (schedule === null) throw noSuchSchedule();
  return jsonResponse(scheduleBodyOf(schedule, clock));
}
