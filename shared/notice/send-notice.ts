import type { Lease } from '../lane/lane-store.ts';
import type { SendNotice } from '../worker/worker-deps.ts';
import type { Notice } from './notice-store.ts';
import { done, type NoticeDeps, type Tried } from './notice-try.ts';
import { approve, preview, reply, showConsent } from './room-errands.ts';
import { tellOfJob } from './tell-of-job.ts';

/** How many notices one worker sends at once, beside its changes. */
const atOnce = 4;
const busyAgainMs = 1_000;
/** A notice that could not be delivered for so long is given up. */
const giveUpMs = 24 * 3_600_000;

/** Sends notices, a few at a time. */
export function createNoticeSender(deps: NoticeDeps): SendNotice {
  let active = 0;
  return async (lease) => {
    if (active >= atOnce) {
      await deps.notices.putOff(lease, { ...(await knownOf(deps, lease)), dueInMs: busyAgainMs });
      return;
    }
    active += 1;
    try {
      await send(deps, lease);
    } finally {
      active -= 1;
    }
  };
}

async function knownOf(
  { notices }: NoticeDeps,
  lease: Lease,
): Promise<{ told: readonly string[]; counts: boolean }> {
  return { told: (await notices.get(lease))?.told ?? [], counts: false };
}

async function send(deps: NoticeDeps, lease: Lease): Promise<void> {
  const { notices, logger } = deps;
  const notice = await notices.get(lease);
  const tried = notice === null ? done([]) : await tryOnce(deps, notice);
  if (notice === null || tried.retryInMs === null) {
    await notices.settle(lease);
    return;
  }
  if (notice.ageMs > giveUpMs) {
    logger.error('notice given up', { notice: notice.number, kind: notice.kind, told: tried.told });
    await notices.settle(lease);
    return;
  }
  const { told, counts, data, retryInMs } = tried;
  const later = { told, counts, dueInMs: retryInMs };
  await notices.putOff(lease, data === undefined ? later : { ...later, data });
}

function tryOnce(deps: NoticeDeps, notice: Notice): Promise<Tried> {
  switch (notice.kind) {
    case 'reply':
      return reply(deps, notice);
    case 'preview':
      return preview(deps, notice);
    case 'approve':
      return approve(deps, notice);
    case 'consent':
      return showConsent(deps, notice);
    default:
      return tellOfJob(deps, notice);
  }
}
