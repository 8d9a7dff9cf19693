import { systemClock as clock } from '../shared/platform/clock.ts';
import { type Emit, median } from './lib/figures.ts';
import { openWorld, planFor } from './lib/world.ts';

const changes = 10_000;
const runs = 5;

/** Ten thousand connections that nobody has to know yet: intake asks no cloud. */
export function manyTargets(count = changes): readonly { regionId: string; id: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    regionId: 'cn-hangzhou',
    id: `vco-bench${String(index).padStart(8, '0')}`,
  }));
}

/** A plan of 10,000 changes, until all of them are readable: medians on both databases. */
export async function intake(emit: Emit): Promise<void> {
  const plan = planFor(manyTargets());
  for (const kind of ['postgres', 'embedded'] as const) {
    const world = await openWorld(kind);
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const startedAt = clock.monotonic();
      const { id } = await world.submit(plan);
      times.push(clock.monotonic() - startedAt);
      const last = await world.jobs.listChanges({
        jobId: id,
        states: null,
        limit: 1,
        after: changes - 2,
      });
      if (last[0]?.seq !== changes - 1) throw new Error('not every change can be read');
    }
    emit('accepted-and-readable', median(times) / 1_000, 's', { changes, database: kind, runs });
    await world.close();
  }
}
