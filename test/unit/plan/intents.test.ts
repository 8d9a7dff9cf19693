import { describe, expect, it } from 'vitest';
import { intentsOf, planHashOf, shownPlan } from '../../../shared/plan/intents.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { aPlan, aTarget, planContext } from '../../helpers/factories.ts';

const digestKey = Buffer.alloc(32, 1);
const withKey = (key: string) => ({ IkeConfig: { Psk: key, IkeVersion: 'ikev2' } });

function intentsFor(overrides: Record<string, unknown>) {
  return intentsOf(parsePlan(aPlan(overrides), planContext), digestKey);
}

describe('intentsOf', () => {
  it('gives all targets of one set one intent, the key apart', () => {
    const { intents, targets } = intentsFor({ set: withKey('k1') });

    expect(intents).toEqual([
      {
        number: 0,
        fields: { 'IkeConfig.IkeVersion': 'ikev2' },
        keys: { 'IkeConfig.Psk': expect.any(Secret) },
        keyDigests: { 'IkeConfig.Psk': expect.stringMatching(/^hmac:[0-9a-f]{64}$/) },
        rotatePsk: null,
      },
    ]);
    expect(targets.map(({ intentNumber }) => intentNumber)).toEqual([0, 0]);
  });

  it('tells wishes apart by what they say, keys included', () => {
    const { intents, targets } = intentsFor({
      set: withKey('k1'),
      targets: [
        aTarget(0),
        aTarget(1, { set: withKey('k1') }),
        aTarget(2, { set: withKey('k2') }),
        aTarget(3, { set: { Name: 'branch-3' } }),
        aTarget(4, { set: withKey('k2') }),
        aTarget(0),
      ],
    });

    expect(targets.map(({ intentNumber }) => intentNumber)).toEqual([0, 0, 1, 2, 1, 0]);
    expect(intents.map(({ number, keys }) => [number, Object.keys(keys).length > 0])).toEqual([
      [0, true],
      [1, true],
      [2, false],
    ]);
    expect(intents[0]?.keyDigests).not.toEqual(intents[1]?.keyDigests);
  });

  it('tells wishes apart by the keys that are to be made', () => {
    const named = { set: { Name: 'branch-3' } };
    const plan = Plan.parse(
      aPlan({
        set: undefined,
        rotatePsk: true,
        handover: { deliverTo: ['kms'] },
        targets: [
          aTarget(0),
          aTarget(1, { rotatePsk: { length: 40 } }),
          aTarget(2, named),
          aTarget(3, { ...named, rotatePsk: { length: 32 } }),
        ],
      }),
    );
    const { intents, targets } = intentsOf(plan, digestKey);

    expect(targets.map(({ intentNumber }) => intentNumber)).toEqual([0, 1, 2, 2]);
    expect(intents.map(({ fields, rotatePsk }) => [fields, rotatePsk])).toEqual([
      [{}, 32],
      [{}, 40],
      [{ Name: 'branch-3' }, 32],
    ]);
  });

  it('keeps the order of the plan', () => {
    const targets = [5, 3, 5, 1].map((index) => aTarget(index));

    expect(intentsFor({ targets }).targets.map(({ vpnConnectionId }) => vpnConnectionId)).toEqual([
      'vco-00005',
      'vco-00003',
      'vco-00005',
      'vco-00001',
    ]);
  });

  it('tells selectors from connections, each at its place and with its wish', () => {
    const select = { attachType: ['CEN'] };
    const region = { regionId: 'cn-hangzhou' };
    const { targets, selectors } = intentsFor({
      targets: [
        { ...region, select },
        aTarget(1, { set: { Name: 'branch-1' } }),
        { ...region, select, set: { Name: 'branch-1' } },
      ],
    });

    expect(targets).toEqual([{ place: 1, ...aTarget(1), intentNumber: 1 }]);
    expect(selectors).toEqual([
      { place: 0, ...region, select, intentNumber: 0 },
      { place: 2, ...region, select, intentNumber: 1 },
    ]);
  });
});

describe('shownPlan', () => {
  it('is the plan as its caller writes it, keys hidden', () => {
    const plan = parsePlan(
      aPlan({ set: withKey('hush1'), targets: [aTarget(0, { set: withKey('hush2') })] }),
      planContext,
    );

    const shown = shownPlan(plan);

    expect(shown).toMatchObject({
      title: 'stronger algorithms',
      set: withKey('***'),
      targets: [aTarget(0, { set: withKey('***') })],
    });
    expect(JSON.stringify(shown)).not.toContain('hush');
  });

  it('is a plan again', () => {
    const plan = parsePlan(
      aPlan({ rollout: { concurrency: '5%' }, onFailure: 'continue' }),
      planContext,
    );

    expect(parsePlan(shownPlan(plan), planContext)).toEqual(plan);
  });
});

describe('planHashOf', () => {
  const hash = (overrides: Record<string, unknown>): string =>
    planHashOf(parsePlan(aPlan(overrides), planContext), digestKey);

  it('is the same for the same plan, however it is written', () => {
    const spelled = {
      set: { EnableDpd: 'true', Name: 'ab' },
      onFailure: 'stop',
      acceptOutage: false,
    };

    expect(hash({ set: { Name: 'ab', EnableDpd: true } })).toBe(hash(spelled));
  });

  it('differs when only a key does', () => {
    expect(hash({ set: withKey('k1') })).not.toBe(hash({ set: withKey('k2') }));
  });

  it.each([
    { rotatePsk: { length: 33 } },
    { handover: { deliverTo: ['kms'], keepPreviousFor: 'P8D' } },
    { verify: { tunnel: 'required' } },
    { onFailure: 'rollback' },
    { rollout: { batches: [1, '100%'] } },
    { rollout: { redundancy: 'none' } },
    { window: { notBefore: '2026-12-01T00:00:00Z' } },
    { approval: { required: 1 } },
  ])('differs with %j', (overrides) => {
    const plan = { rotatePsk: true, handover: { deliverTo: ['kms'] } };
    const of = (more: object) => planHashOf(Plan.parse(aPlan({ ...plan, ...more })), digestKey);

    expect(of(overrides)).not.toBe(of({}));
    expect(of({ rotatePsk: { length: 32 } })).toBe(of({}));
  });

  it('differs under another digest key', () => {
    const plan = parsePlan(aPlan({ set: withKey('k1') }), planContext);

    expect(planHashOf(plan, digestKey)).not.toBe(planHashOf(plan, Buffer.alloc(32, 2)));
  });

  it('differs with the order of the targets', () => {
    expect(hash({ targets: [aTarget(0), aTarget(1)] })).not.toBe(
      hash({ targets: [aTarget(1), aTarget(0)] }),
    );
  });
});
