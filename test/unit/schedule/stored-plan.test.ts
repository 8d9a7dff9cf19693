import { describe, expect, it } from 'vitest';
import { planHashOf } from '../../../shared/plan/intents.ts';
import { parseScheduledPlan } from '../../../shared/plan/parse-plan.ts';
import type { ScheduledPlan } from '../../../shared/plan/schema.ts';
import { systemRandom } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import {
  openedPlanOf,
  type StoredPlan,
  storedPlanOf,
} from '../../../shared/schedule/stored-plan.ts';
import { createSealer } from '../../../shared/secret/sealer.ts';
import { aPlan, aTarget, type PlanInput, planContext } from '../../helpers/factories.ts';

const sealer = createSealer(new Secret(Buffer.alloc(32, 1).toString('base64')), systemRandom);
const digestKey = Buffer.alloc(32, 2);

/** As the database gives it back. */
function stored(name: string, plan: ScheduledPlan): StoredPlan {
  return JSON.parse(JSON.stringify(storedPlanOf(sealer, name, plan)));
}

const tunnels = [
  { Role: 'master', TunnelIkeConfig: { Psk: 'k3y-of-master' } },
  { TunnelIndex: 2, TunnelIkeConfig: { Psk: 'k3y-of-two', IkePfs: 'group14' } },
];
const select = { name: 'branch-*', tags: { env: 'prod' } };

describe('a stored plan', () => {
  it.each<[string, PlanInput]>([
    ['no keys', {}],
    ['a key', { set: { IkeConfig: { Psk: 'k3y-of-all' } } }],
    ['keys of tunnels', { set: { TunnelOptionsSpecification: tunnels, IkeConfig: { Psk: 'x' } } }],
    [
      'keys of targets',
      {
        targets: [
          aTarget(0),
          aTarget(1, { set: { IkeConfig: { Psk: 'k3y-of-one' } } }),
          { regionId: 'cn-hangzhou', select, set: { TunnelOptionsSpecification: tunnels } },
        ],
      },
    ],
    [
      'every setting',
      {
        set: { Name: 'branch-1', EnableDpd: false, IkeConfig: { IkeLifetime: '3600' } },
        acceptOutage: true,
        rollout: { concurrency: '10%', maxErrors: 3 },
        onFailure: 'continue',
        verify: { tunnel: 'none' },
      },
    ],
  ])('with %s opens as the plan that was written', (_, overrides) => {
    const plan = parseScheduledPlan(aPlan(overrides), planContext);

    const opened = openedPlanOf(
      sealer,
      { name: 'nightly', plan: stored('nightly', plan) },
      planContext,
    );

    expect(opened).toEqual(plan);
    expect(planHashOf(opened, digestKey)).toBe(planHashOf(plan, digestKey));
  });

  it('shows no key and holds none in clear', () => {
    const plan = parseScheduledPlan(
      aPlan({ set: { TunnelOptionsSpecification: tunnels } }),
      planContext,
    );

    const { shown, sealedSets } = stored('nightly', plan);

    expect(JSON.stringify({ shown, sealedSets })).not.toContain('k3y');
    expect(JSON.stringify(shown).match(/"Psk":"\*\*\*"/g)).toHaveLength(2);
    expect(sealedSets.map(({ target, keys }) => [target, Object.keys(keys).length])).toEqual([
      [null, 2],
    ]);
  });

  it('opens for no other schedule and no other place', () => {
    const plan = parseScheduledPlan(aPlan({ set: { IkeConfig: { Psk: 'k3y' } } }), planContext);
    const { shown, sealedSets } = stored('nightly', plan);
    const elsewhere = sealedSets.map((set) => ({ ...set, target: 0 }));

    expect(() =>
      openedPlanOf(sealer, { name: 'weekly', plan: { shown, sealedSets } }, planContext),
    ).toThrow('does not open');
    expect(() =>
      openedPlanOf(
        sealer,
        { name: 'nightly', plan: { shown, sealedSets: elsewhere } },
        planContext,
      ),
    ).toThrow('does not open');
  });

  it('that this version takes no longer says so', () => {
    const shown = { ...aPlan(), onFailure: 'explode' };

    expect(() =>
      openedPlanOf(sealer, { name: 'nightly', plan: { shown, sealedSets: [] } }, planContext),
    ).toThrow('the plan has a fault');
  });
});
