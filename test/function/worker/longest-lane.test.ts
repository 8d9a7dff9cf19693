import { describe, expect, it } from 'vitest';
import { withPostgres } from '../../helpers/databases.ts';
import { aFleet, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const pollIntervalMs = 3_000;
/** What the engine itself takes, in virtual time. */
const allowedMs = 300;

describe('the lane on which most is waiting', () => {
  const open = useWorlds(withPostgres());

  /** How long after each end of a change on it the next began, with so many gateways at work in all. */
  async function pausesOf(gateways: number): Promise<readonly number[]> {
    const others = Array.from({ length: gateways - 1 }, (_, index) => `other${index}`);
    const long = Array.from({ length: 5 }, (_, index) => `long${index}`);
    const names = [...long, ...others];
    const world = await open({
      simulator: {
        seed: 5,
        inventory: aFleet(
          Object.fromEntries([
            ...long.map((name) => [`${name}@long`, {}]),
            ...others.map((name) => [`${name}@${name}`, {}]),
          ]),
        ),
        settleMs: { min: 10_000, max: 20_000 },
        lateMs: { min: 0, max: 0 },
      },
      settings: { pollIntervalMs },
    });
    await world.submit(planOf(names));
    await world.drain();
    const onLong = world.simulator.record
      .snapshot()
      .writes.filter(({ scope, effective }) => effective && scope?.endsWith('/vpn-long'))
      .sort((a, b) => a.acceptedAt - b.acceptedAt);
    return onLong
      .slice(1)
      .map(({ acceptedAt }, index) => acceptedAt - (onLong[index]?.settledAt ?? 0));
  }

  it('is looked at twice in a poll interval, where one read tells of many gateways', async () => {
    const pauses = await pausesOf(12);

    expect(pauses).toHaveLength(4);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(pollIntervalMs / 2 + allowedMs);
  });

  it('is looked at once in it where looks are dear', async () => {
    const pauses = await pausesOf(9);

    expect(pauses).toHaveLength(4);
    expect(Math.max(...pauses)).toBeGreaterThan(pollIntervalMs / 2 + allowedMs);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(pollIntervalMs + allowedMs);
  });
});
