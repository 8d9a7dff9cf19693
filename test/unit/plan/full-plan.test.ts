import { describe, expect, it } from 'vitest';
import { contextFaults, type PlanContext } from '../../../shared/plan/plan-context.ts';
import { Plan, ScheduledPlan } from '../../../shared/plan/schema.ts';
import { faultsOf, plainMessage } from '../../../shared/platform/http/faults.ts';
import { aPlan, aTarget, type PlanInput } from '../../helpers/factories.ts';

/*
 * Everything that a plan can say, whether or not the engine can do it yet: what is refused as not available in this version is
 * tested with the rest of the schema.
 */

const context: PlanContext = { sinks: new Set(['kms', 'hook']), now: Date.parse('2026-12-01') };
const handover = { deliverTo: ['kms'] };

function pathsOf(
  overrides: PlanInput,
  schema: typeof Plan | typeof ScheduledPlan = Plan,
): string[] {
  const plan = aPlan(overrides);
  const { error } = schema.safeParse(plan, { error: plainMessage });
  const faults = [...(error ? faultsOf(error) : []), ...contextFaults(plan, context)];
  return faults.map(({ path }) => path);
}

const withKey = { IkeConfig: { Psk: 'k3y-of-somebody' } };
const ofTunnel = {
  TunnelOptionsSpecification: [{ Role: 'slave', TunnelIkeConfig: { Psk: 'x1' } }],
};

describe('a plan that says all it can', () => {
  it('has defaults for what it leaves out', () => {
    const plan = aPlan({ rotatePsk: true, handover, verify: {}, approval: {}, rollout: {} });

    expect(Plan.parse(plan)).toMatchObject({
      rotatePsk: { length: 32 },
      handover: {
        deliverTo: ['kms'],
        requireAcknowledgement: false,
        acknowledgeWithin: 'PT24H',
        keepPreviousFor: 'P7D',
      },
      verify: { timeoutSeconds: 300 },
      approval: { required: 0 },
      rollout: {
        concurrency: 10,
        batches: ['100%'],
        batchPause: 'none',
        maxErrors: 0,
        slowStart: false,
        redundancy: 'groups',
      },
    });
  });

  it('keeps the times of its window as UTC', () => {
    const window = { notBefore: '2026-12-02T02:00:00+08:00', notAfter: '2026-12-01T22:00:00Z' };

    expect(Plan.parse(aPlan({ window })).window).toEqual({
      notBefore: '2026-12-01T18:00:00.000Z',
      notAfter: '2026-12-01T22:00:00.000Z',
    });
  });

  it('reads as itself again', () => {
    const plan = Plan.parse(
      aPlan({
        rotatePsk: { length: 20 },
        handover,
        verify: { tunnel: 'required', timeoutSeconds: 60 },
        approval: { required: 2 },
        window: { notAfter: '2026-12-01T22:00:00Z' },
        rollout: { batches: [1, '100%'], batchPause: 'every', redundancy: 'groups' },
        onFailure: 'rollback',
      }),
    );

    expect(Plan.parse({ ...plan, set: { IkeConfig: { IkeEncAlg: 'aes256' } } })).toEqual(plan);
  });

  it.each<[string, PlanInput]>([
    ['a key to be made and nothing to set', { set: undefined, rotatePsk: true, handover }],
    ['a set of its own for who would get a key', { targets: [aTarget(0, { set: withKey })] }],
    ['keys made at one target', { targets: [aTarget(0, { rotatePsk: { length: 16 } })], handover }],
    [
      'keys given and made, each where nothing of the other is',
      {
        set: withKey,
        rotatePsk: true,
        handover,
        targets: [aTarget(0, { set: { Name: 'b0' } })],
      },
    ],
    ['acknowledgement by hand', { handover: { requireAcknowledgement: true } }],
    ['growing batches', { rollout: { batches: [1, 2, '100%'] }, targets: manyTargets(3) }],
    [
      'batches whose numbers grow apart',
      { rollout: { batches: ['10%', 3, '50%', '100%'] }, targets: [anySelected()] },
    ],
    ['a window without end', { window: { notBefore: '2020-01-01T00:00:00Z' } }],
  ])('may have %s', (_, overrides) => {
    expect(pathsOf(overrides)).toEqual([]);
  });
});

function manyTargets(size: number): PlanInput[] {
  return Array.from({ length: size }, (_, index) => aTarget(index));
}

function anySelected(): PlanInput {
  return { regionId: 'cn-hangzhou', select: { name: '*' } };
}

describe('a plan with a fault', () => {
  it.each<[string, string, PlanInput]>([
    ['a key of 15 characters', '/rotatePsk/length', { rotatePsk: { length: 15 }, handover }],
    ['a key of 101 characters', '/rotatePsk/length', { rotatePsk: { length: 101 }, handover }],
    ['a key of 16.5 characters', '/rotatePsk/length', { rotatePsk: { length: 16.5 }, handover }],
    ['an unknown key', '/rotatePsk/size', { rotatePsk: { size: 20 }, handover }],
    ['rotatePsk false', '/rotatePsk', { rotatePsk: false, handover }],
    ['rotatePsk null', '/rotatePsk', { rotatePsk: null, handover }],
    [
      'its length at a target',
      '/targets/0/rotatePsk/length',
      { targets: [aTarget(0, { rotatePsk: { length: 0 } })], handover },
    ],
    ['a key given and made', '/rotatePsk', { set: withKey, rotatePsk: true, handover }],
    ["a tunnel's key given and made", '/rotatePsk', { set: ofTunnel, rotatePsk: true, handover }],
    [
      'a key given by the plan and made at a target',
      '/targets/1/rotatePsk',
      { set: withKey, targets: [aTarget(0), aTarget(1, { rotatePsk: true })], handover },
    ],
    [
      'a key made by the plan and given at a target',
      '/targets/1/set',
      { rotatePsk: true, targets: [aTarget(0), aTarget(1, { set: withKey })], handover },
    ],
    [
      'a target without a wish',
      '/targets/1',
      {
        set: undefined,
        targets: [aTarget(0, { rotatePsk: true }), aTarget(1)],
        handover,
      },
    ],
    ['made keys that nobody gets', '/handover/deliverTo', { rotatePsk: true }],
    ['and none either', '/handover/deliverTo', { rotatePsk: true, handover: { deliverTo: [] } }],
    [
      'made keys of one target that nobody gets',
      '/handover/deliverTo',
      { targets: [aTarget(0, { rotatePsk: true })], handover: { requireAcknowledgement: true } },
    ],
    ['an unknown sink', '/handover/deliverTo/1', { handover: { deliverTo: ['kms', 'fax'] } }],
    ['a sink twice', '/handover/deliverTo/1', { handover: { deliverTo: ['kms', 'kms'] } }],
    ['a sink that is no name', '/handover/deliverTo/0', { handover: { deliverTo: [7] } }],
    ['sinks that are no list', '/handover/deliverTo', { handover: { deliverTo: 'kms' } }],
    [
      'acknowledgement as a text',
      '/handover/requireAcknowledgement',
      { handover: { requireAcknowledgement: 'yes' } },
    ],
    [
      'a bad duration',
      '/handover/acknowledgeWithin',
      { handover: { acknowledgeWithin: '24 hours' } },
    ],
    ['no duration', '/handover/keepPreviousFor', { handover: { keepPreviousFor: 'P0D' } }],
    ['an unknown key of a handover', '/handover/to', { handover: { to: ['kms'] } }],
    ['an unknown proof', '/verify/tunnel', { verify: { tunnel: 'maybe' } }],
    ['a proof within 9 seconds', '/verify/timeoutSeconds', { verify: { timeoutSeconds: 9 } }],
    ['one within two days', '/verify/timeoutSeconds', { verify: { timeoutSeconds: 172_800 } }],
    ['no batches', '/rollout/batches', { rollout: { batches: [] } }],
    ['batches as a text', '/rollout/batches', { rollout: { batches: '100%' } }],
    ['a batch of nothing', '/rollout/batches/0', { rollout: { batches: [0, '100%'] } }],
    ['a batch over 100 %', '/rollout/batches/1', { rollout: { batches: [1, '101%'] } }],
    ['batches that do not end', '/rollout/batches/1', { rollout: { batches: ['10%', '50%'] } }],
    ['numbers that do not grow', '/rollout/batches/1', { rollout: { batches: [1, 1, '100%'] } }],
    [
      'percentages that do not grow',
      '/rollout/batches/2',
      { rollout: { batches: ['10%', 9, '10%', '100%'] }, targets: [anySelected()] },
    ],
    [
      'numbers and percentages that do not grow together',
      '/rollout/batches/1',
      { rollout: { batches: [2, '20%', '100%'] }, targets: manyTargets(10) },
    ],
    [
      'more than everything before the end',
      '/rollout/batches/1',
      { rollout: { batches: [11, '100%'] }, targets: manyTargets(10) },
    ],
    ['an unknown pause', '/rollout/batchPause', { rollout: { batchPause: 'PT5M' } }],
    ['slowStart as a number', '/rollout/slowStart', { rollout: { slowStart: 1 } }],
    ['an unknown redundancy', '/rollout/redundancy', { rollout: { redundancy: 'pairs' } }],
    ['maxErrors over 100 %', '/rollout/maxErrors', { rollout: { maxErrors: '150%' } }],
    ['an empty window', '/window', { window: {} }],
    [
      'a time without offset',
      '/window/notBefore',
      { window: { notBefore: '2026-12-01T18:00:00' } },
    ],
    ['a day that is none', '/window/notAfter', { window: { notAfter: '2027-02-30T18:00:00Z' } }],
    ['a window in the past', '/window/notAfter', { window: { notAfter: '2026-11-30T00:00:00Z' } }],
    [
      'a window that ends before it begins',
      '/window/notAfter',
      { window: { notBefore: '2026-12-02T00:00:00Z', notAfter: '2026-12-01T23:00:00-01:00' } },
    ],
    [
      'a duration outside a schedule',
      '/window/duration',
      { window: { duration: 'PT4H', notAfter: '2026-12-02T00:00:00Z' } },
    ],
    ['11 approvals', '/approval/required', { approval: { required: 11 } }],
    ['-1 approvals', '/approval/required', { approval: { required: -1 } }],
    ['half an approval', '/approval/required', { approval: { required: 0.5 } }],
  ])('is told the place of %s', (_, path, overrides) => {
    expect(pathsOf(overrides)).toEqual([path]);
  });

  it('is told the configured sinks by their names', () => {
    expect(contextFaults({ handover: { deliverTo: ['fax'] } }, context)).toEqual([
      { path: '/handover/deliverTo/0', message: 'is no configured sink; there are hook, kms' },
    ]);
    expect(
      contextFaults({ handover: { deliverTo: ['fax'] } }, { ...context, sinks: new Set() }),
    ).toEqual([{ path: '/handover/deliverTo/0', message: 'is no configured sink; none is' }]);
  });
});

describe('the plan of a schedule', () => {
  it.each<[PlanInput, string[]]>([
    [{ duration: 'PT4H' }, []],
    [{ duration: '4 hours' }, ['/window/duration']],
    [{}, ['/window/duration']],
    [{ notAfter: '2026-12-02T00:00:00Z' }, ['/window/duration', '/window/notAfter']],
  ])('counts its window %j from the planned time', (window, paths) => {
    expect(pathsOf({ window }, ScheduledPlan)).toEqual(paths);
  });
});
