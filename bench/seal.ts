import { createPgJournalStore } from '../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../shared/adapters/postgres/keyring-store.ts';
import { jobLaneOf } from '../shared/journal/journal-store.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { systemRandom as random } from '../shared/platform/random.ts';
import { loadSigner } from '../shared/secret/signing-key.ts';
import { sealJob } from '../shared/worker/seal-job.ts';
import { manyTargets } from './intake.ts';
import type { Emit } from './lib/figures.ts';
import { logger, openWorld, planFor, type World } from './lib/world.ts';

/** What a change that succeeds at once leaves in the journal. */
const events = [
  ['resolved', '{"lane":"gateway:r/1","regionId":"r","vpnConnectionId":"vco-1"}'],
  ['started', '{"lane":"gateway:r/1"}'],
  [
    'prepared',
    '{"clientToken":"t","keys":{"fresh":["IkeConfig.Psk"],"kept":["IkeConfig.Psk"]},"requestDigest":"d"}',
  ],
  [
    'accepted',
    '{"attempt":1,"clientToken":"t","requestDigest":"d","requestId":"r","sentAt":"2026-11-22T10:00:00.000Z"}',
  ],
  ['finished', '{"readAt":"2026-11-22T10:00:01.000Z","readBack":"applied","state":"succeeded"}'],
] as const;

/** Sealing a job of 10,000 changes: reading, following and checking 50,000 events, and what one event costs to chain. */
export async function seal(emit: Emit): Promise<void> {
  const world = await openWorld('postgres');
  const { id: jobId } = await world.submit(planFor(manyTargets()));
  const chainedMs = await writeJournal(world, jobId);
  const keyring = createPgKeyringStore(world.database);
  const signer = await loadSigner({ keyring, sealer: world.sealer, random });
  const journal = createPgJournalStore(world.database);
  const startedAt = clock.monotonic();
  const lease = { laneKey: jobLaneOf(jobId), epoch: 0 };
  await sealJob({ journal, signer: async () => signer, logger }, lease, jobId);
  const sealed = await journal.getSealed(jobId);
  if (sealed?.verification.holds !== true) throw new Error('the journal was not sealed as it is');
  const params = { changes: 10_000, events: sealed.seal.events, database: 'postgres' };
  emit('seal-job', clock.monotonic() - startedAt, 'ms', params);
  emit('chain-event', (chainedMs * 1_000) / sealed.seal.events, 'µs', params);
  await world.close();
}

/** Each change's events a millisecond after those of the one before, as a lane writes them. Gives milliseconds. */
async function writeJournal({ database }: World, jobId: string): Promise<number> {
  const startedAt = clock.monotonic();
  for (const [index, [kind, data]] of events.entries()) {
    await database.query(
      `INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, $2::int, c.job_id, lanekeeper.now() + c.seq * interval '1 second' + $2::int * interval '1 millisecond', $3, $4::json
         FROM lanekeeper.change c WHERE c.job_id = $1`,
      [jobId, index + 1, kind, data],
    );
  }
  const endedAt = clock.monotonic();
  await database.query(
    `UPDATE lanekeeper.change SET state = 'succeeded', finished_at = lanekeeper.now(), events = $2 WHERE job_id = $1`,
    [jobId, events.length],
  );
  await database.query(
    `UPDATE lanekeeper.job SET state = 'succeeded', queued = 0, succeeded = total, started_at = lanekeeper.now(),
            finished_at = lanekeeper.now() WHERE id = $1`,
    [jobId],
  );
  await database.query(
    `INSERT INTO lanekeeper.lane (lane_key, kind, region_id) VALUES ($1, 'job', '')`,
    [jobLaneOf(jobId)],
  );
  return endedAt - startedAt;
}
