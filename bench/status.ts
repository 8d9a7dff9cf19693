import { createStatusApp } from '../functions/status/handler.ts';
import { createPgFleetStore } from '../shared/adapters/postgres/fleet-store.ts';
import { createPgJournalStore } from '../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../shared/adapters/postgres/keyring-store.ts';
import { openGate } from '../shared/adapters/postgres/open-gate.ts';
import { createPgScheduleStore } from '../shared/adapters/postgres/schedule-store.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { systemRandom as random } from '../shared/platform/random.ts';
import { manyTargets } from './intake.ts';
import { type Emit, quantile } from './lib/figures.ts';
import { digestOfToken } from './lib/token.ts';
import { logger, openWorld, planFor } from './lib/world.ts';

const jobs = 10;
const requests = 1_000;

/** Reading one job's progress while 100,000 changes are stored. */
export async function status(emit: Emit): Promise<void> {
  const world = await openWorld('postgres');
  const plan = planFor(manyTargets());
  const ids: string[] = [];
  for (let job = 0; job < jobs; job += 1) ids.push((await world.submit(plan)).id);
  const token = 'benchmark-token';
  const gated = openGate(world.database, {
    tokens: [{ name: 'bench', sha256: digestOfToken(token), roles: ['viewer'] }],
    requestsPerMinute: 1_000_000,
  });
  const fleet = createPgFleetStore(world.database, { readsPerMinute: 480, writesPerMinute: 100 });
  const app = createStatusApp({
    logger,
    random,
    clock,
    jobs: world.jobs,
    journal: createPgJournalStore(world.database),
    keyring: createPgKeyringStore(world.database),
    schedules: createPgScheduleStore(world.database),
    fleet,
    ...gated,
    openApi: {},
  });
  const times: number[] = [];
  for (let request = 0; request < requests; request += 1) {
    const url = `http://status/v1/jobs/${ids[request % jobs]}`;
    const startedAt = clock.monotonic();
    const response = await app.fetch(
      new Request(url, { headers: { Authorization: `Bearer ${token}` } }),
    );
    await response.text();
    times.push(clock.monotonic() - startedAt);
    if (response.status !== 200) throw new Error(`the status answered ${response.status}`);
  }
  const params = { storedChanges: 100_000, requests, database: 'postgres' };
  emit('get-job-p50', quantile(times, 0.5), 'ms', params);
  emit('get-job-p99', quantile(times, 0.99), 'ms', params);
  await world.close();
}
