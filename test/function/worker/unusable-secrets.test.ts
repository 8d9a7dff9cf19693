import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { createSealer } from '../../../shared/secret/sealer.ts';
import { resolveRegion } from '../../../shared/worker/resolve-region.ts';
import { withEmbedded } from '../../helpers/databases.ts';
import { aFleet, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const anotherSealer = createSealer(
  new Secret(Buffer.alloc(32, 1).toString('base64')),
  systemRandom,
);
const withKey = {
  set: { IkeConfig: { Psk: 'aKeyThatWasSealed1' } },
  onFailure: 'continue',
} as const;

describe('a worker whose SECRETS_KEY does not open what is stored', () => {
  const open = useWorlds(withEmbedded());

  it('refuses the changes that need it and goes on with the region', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {}, b: {} }) } });
    const { id: sealed } = await world.submit(planOf(['a'], withKey));
    const { id: other } = await world.submit(planOf(['b']));

    await world.drain(world.worker({ sealer: anotherSealer }));

    const [change] = await world.jobs.listChanges({
      jobId: sealed,
      states: null,
      limit: 1,
      after: null,
    });
    expect(change).toMatchObject({ state: 'failed', lastError: { code: 'Internal' } });
    expect((await world.jobs.get(other))?.state).not.toBe('resolving');
  });

  it('ends a change that was resolved with the right one, and sends nothing', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {} }) } });
    const { id } = await world.submit(planOf(['a'], withKey));
    const rightful = world.worker();
    const lease = { worker: 'resolver', limit: 1, leaseSeconds: 30 };
    const [lane] = (await world.lanes.claim(lease)).lanes;
    if (!lane) throw new Error('no lane was due');
    const held = { ...lane, since: 0, deadline: 1e9, preparedHere: null };
    await resolveRegion(rightful, held);

    await world.drain(world.worker({ sealer: anotherSealer }));

    expect((await world.jobs.get(id))?.state).toBe('failed');
    expect(world.simulator.record.writes()).toEqual([]);
  });
});
