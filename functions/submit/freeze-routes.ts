import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import {
  type Freeze,
  FreezeInput,
  type FreezeStore,
  isFreezeName,
  parseFreeze,
} from '../../shared/freeze/freeze.ts';
import type { LaneStore } from '../../shared/lane/lane-store.ts';
import { causeOfRequest, wakeWorker } from '../../shared/lane/wake-worker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { jsonResponse } from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { Stamp } from '../../shared/progress/stamp.ts';

/** A freeze as callers see it. */
export const FreezeBody = z
  .object({ name: z.string(), ...FreezeInput.shape, createdAt: Stamp, createdBy: z.string() })
  .meta({ id: 'Freeze' });

/** The freezes that have not ended. */
export const FreezeList = z.object({ items: z.array(FreezeBody) }).meta({ id: 'FreezeList' });

export interface FreezeDeps {
  freezes: FreezeStore;
  /** Lets lanes go on that a freeze had stopped. */
  lanes: Pick<LaneStore, 'repair'>;
  waker: WorkerWaker;
  clock: Clock;
}

/** Freezing and unfreezing what may start. */
export function freezeRoutes(deps: FreezeDeps): readonly GatedRoute[] {
  const path = '/v1/freezes/:name';
  return [
    {
      method: 'GET',
      path: '/v1/freezes',
      action: 'read',
      handle: async () => jsonResponse({ items: await deps.freezes.list() }),
    },
    { method: 'GET', path, action: 'read', handle: (call) => getFreeze(deps, call) },
    { method: 'PUT', path, action: 'freeze', handle: (call) => putFreeze(deps, call) },
    { method: 'DELETE', path, action: 'freeze', handle: (call) => deleteFreeze(deps, call) },
  ];
}

async function getFreeze({ freezes }: FreezeDeps, { params }: ActorCall): Promise<Response> {
  return jsonResponse(found(await freezes.get(nameOf(params))));
}

async function putFreeze(deps: FreezeDeps, call: ActorCall): Promise<Response> {
  const { params, request, actor, logger } = call;
  const name = nameOf(params);
  const input = parseFreeze(await readJson(request), deps.clock.now());
  const freeze = await deps.freezes.put({ ...input, name, createdBy: actor.name });
  logger.info('scope frozen', { freeze: name, scope: freeze.scope, until: freeze.until });
  // Another scope or an earlier end lets lanes go on.
  await rouse(deps, call);
  return jsonResponse(freeze);
}

async function deleteFreeze(deps: FreezeDeps, call: ActorCall): Promise<Response> {
  const name = nameOf(call.params);
  if (!(await deps.freezes.remove(name))) throw noSuchFreeze();
  call.logger.info('scope unfrozen', { freeze: name });
  await rouse(deps, call);
  return new Response(null, { status: 204 });
}

async function rouse(
  { lanes, waker }: FreezeDeps,
  { requestId, logger }: ActorCall,
): Promise<void> {
  const { roused } = await lanes.repair();
  if (roused > 0) await wakeWorker(waker, causeOfRequest(requestId), logger);
}

/** Raises `not_found` for what names no freeze. */
function nameOf({ name = '' }: ActorCall['params']): string {
  if (!isFreezeName(name)) throw noSuchFreeze();
  return name;
}

function found(freeze: Freeze | null): Freeze {
  if (freeze === null) throw noSuchFreeze();
  return freeze;
}

function noSuchFreeze(): AppError {
  return new AppError('not_found', 'there is no such freeze');
}
