import type { ChainedEvent } from '../journal/chain.ts';
import { eventsByChange } from '../journal/group-events.ts';
import type { JournalStore, PlacedEvent } from '../journal/journal-store.ts';
import { createReplay, type Replay } from '../journal/replay.ts';
import { signSeal } from '../journal/seal.ts';
import { verificationOf } from '../journal/verification.ts';
import type { LaneStore, Lease } from '../lane/lane-store.ts';
import { digestOf } from '../platform/canonical.ts';
import type { Logger } from '../platform/logger.ts';
import type { Signer } from '../secret/signing-key.ts';

/** Events read and followed at once: other lanes go on between two pages, and a job of any size fits into a worker. */
const pageSize = 200;

export interface SealDeps {
  journal: JournalStore;
  signer: () => Promise<Signer>;
  logger: Logger;
}

/** Looks after a job on its lane: its times, and its seal when it has ended. */
export async function tendJob(
  deps: SealDeps & { lanes: Pick<LaneStore, 'tendJob'> },
  lease: Lease,
  jobId: string,
): Promise<void> {
  if ((await deps.lanes.tendJob(lease, jobId)) === 'seal') await sealJob(deps, lease, jobId);
}

/**
 * Replays the journal of a job that has ended against the promises and keeps the result with a signed seal over all of it.
 * Whoever does it twice, or after the lease was lost, changes nothing.
 */
export async function sealJob(deps: SealDeps, lease: Lease, jobId: string): Promise<void> {
  const { journal, logger } = deps;
  const job = await journal.getEnded(jobId);
  if (job === null) {
    logger.error('job cannot be sealed, it has not ended', { jobId });
    return;
  }
  const replay = createReplay();
  await feed(replay, journal, jobId);
  const verification = verificationOf(replay.end(job, { neighbours: true }));
  const sum = replay.sum();
  const { state, finishedAt, planDigest, counts, rules, readAt } = job;
  const facts = { jobId, state, finishedAt, planDigest, counts: { ...counts }, rules, ...sum };
  const content = { ...facts, verification: digestOf(verification), sealedAt: readAt };
  const sealed = { ...signSeal(await deps.signer(), content), verification };
  const { countedEvents } = job;
  if (!(await journal.saveSealed(lease, jobId, { ...sealed, countedEvents }))) return;
  const { holds } = verification;
  logger[holds ? 'info' : 'error']('job sealed', { jobId, holds, events: sum.events });
}

async function feed(replay: Replay, journal: JournalStore, jobId: string): Promise<void> {
  const own = pagesOf<PlacedEvent>((last) =>
    journal.readEvents({ jobId, after: last?.place ?? null, limit: pageSize }),
  );
  for await (const { changeId, events } of eventsByChange(own, ({ event }) => event)) {
    replay.see(changeId, events);
  }
  const others = pagesOf<ChainedEvent>((after) =>
    journal.readNeighbours({ jobId, after, limit: pageSize }),
  );
  for await (const { changeId, events } of eventsByChange(others, (event) => event)) {
    replay.seeNeighbour(changeId, events);
  }
}

/** Pages from the beginning to the last one, which is not full. */
async function* pagesOf<Item>(
  read: (last: Item | null) => Promise<readonly Item[]>,
): AsyncGenerator<readonly Item[]> {
  let page: readonly Item[] = [];
  do {
    page = await read(page.at(-1) ?? null);
    yield page;
  } while (page.length === pageSize);
}
