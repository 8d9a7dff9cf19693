import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldPaths } from '../../../shared/connection/fields.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { Plan } from '../../../shared/plan/schema.ts';
import { AppError, type Fault } from '../../../shared/platform/errors.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { aPlan, aTarget, planContext } from '../../helpers/factories.ts';

function faultsOf(input: unknown): readonly Fault[] {
  try {
    parsePlan(input, planContext);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_plan') return error.faults;
    throw error;
  }
  return [];
}

const pathsOf = (input: unknown): string[] => faultsOf(input).map(({ path }) => path);

/** The wishes of the plan with this `set`. */
function readSet(set: unknown): Plan['set'] {
  return parsePlan(aPlan({ set }), planContext).set;
}

/** A target that a selector takes. */
const selected = (select: object) => ({ regionId: 'cn-hangzhou', select });

describe('a good plan', () => {
  it('gets the defaults of what it leaves out', () => {
    expect(parsePlan(aPlan(), planContext)).toEqual({
      title: 'stronger algorithms',
      targets: [aTarget(0), aTarget(1)],
      set: { 'IkeConfig.IkeEncAlg': 'aes256' },
      acceptOutage: false,
      rollout: {
        concurrency: 10,
        batches: ['100%'],
        batchPause: 'none',
        maxErrors: 0,
        slowStart: false,
        redundancy: 'groups',
      },
      onFailure: 'stop',
    });
  });

  it('may name a connection more than once, each time with a set of its own', () => {
    const targets = [aTarget(1), aTarget(1, { set: { Name: 'branch-1' } }), aTarget(1)];

    expect(parsePlan(aPlan({ targets }), planContext).targets).toEqual([
      aTarget(1),
      { ...aTarget(1), set: { Name: 'branch-1' } },
      aTarget(1),
    ]);
  });

  it('may select connections instead of naming them', () => {
    const targets = [aTarget(0), selected({ name: 'branch-*', tags: { env: 'prod' } })];

    expect(parsePlan(aPlan({ targets }), planContext).targets).toEqual(targets);
  });

  it('may have no set when every target has one', () => {
    const targets = [aTarget(0, { set: { Name: 'branch-0' } })];

    expect(parsePlan({ title: 'names', targets }, planContext).set).toBeUndefined();
  });

  it('takes every field of the table in its nested form', () => {
    const set = readSet({
      Name: 'branch-1',
      LocalSubnet: '10.0.0.0/16, 10.1.0.0/16',
      RemoteSubnet: '192.168.0.0/24',
      EffectImmediately: 'true',
      AutoConfigRoute: false,
      EnableTunnelsBgp: true,
      EnableDpd: true,
      EnableNatTraversal: 'false',
      CustomerGatewayId: 'cgw-1',
      RemoteCaCertificate: '-----BEGIN CERTIFICATE-----\nMII\n',
      IkeConfig: {
        Psk: 'k',
        IkeVersion: 'ikev2',
        IkeMode: 'main',
        IkeEncAlg: 'aes',
        IkeAuthAlg: 'sha1',
        IkePfs: 'group14',
        IkeLifetime: '86400',
        LocalId: 'a.example.com',
        RemoteId: '203.0.113.1',
      },
      IpsecConfig: {
        IpsecEncAlg: 'aes',
        IpsecAuthAlg: 'sha1',
        IpsecPfs: 'disabled',
        IpsecLifetime: 3600,
      },
      BgpConfig: {
        EnableBgp: 'true',
        LocalAsn: '1.10',
        TunnelCidr: '169.254.10.0/30',
        LocalBgpIp: '169.254.10.1',
      },
      HealthCheckConfig: {
        enable: 'true',
        dip: '10.0.0.1',
        sip: '10.0.0.2',
        interval: '3',
        retry: 3,
        Policy: 'reserve_route',
      },
    });

    expect(Object.keys(set ?? {}).sort()).toEqual([...fieldPaths].sort());
    expect(set).toMatchObject({
      LocalSubnet: '10.0.0.0/16,10.1.0.0/16',
      EffectImmediately: true,
      EnableNatTraversal: false,
      'IkeConfig.IkeLifetime': 86_400,
      'BgpConfig.LocalAsn': 65_546,
      'HealthCheckConfig.interval': 3,
    });
    expect(set?.['IkeConfig.Psk']).toBeInstanceOf(Secret);
  });

  it('takes what means "off" of the settings that are not there yet', () => {
    const plan = aPlan({
      verify: { tunnel: 'none' },
      approval: { required: 0 },
      acceptOutage: true,
      rollout: { batches: ['100%'], batchPause: 'none', slowStart: false, redundancy: 'none' },
    });

    expect(pathsOf(plan)).toEqual([]);
  });

  it('has room for 20,000 targets', () => {
    expect(parsePlan(aPlan({}, 20_000), planContext).targets).toHaveLength(20_000);
  });

  it.each(['0.0.0.0/0', '10.0.0.0/8'])('takes %s on both sides', (block) => {
    expect(pathsOf(aPlan({ set: { LocalSubnet: block, RemoteSubnet: block } }))).toEqual([]);
  });
});

describe('a bad plan', () => {
  it.each([
    ['null', null],
    ['a number', 5],
    ['a text', 'plan'],
    ['a list', [aPlan()]],
  ])('is a fault as a whole when it is %s', (_, input) => {
    expect(faultsOf(input)).toEqual([{ path: '', message: 'must be an object' }]);
  });

  it.each<[string, string, unknown]>([
    ['no title', '/title', { title: undefined }],
    ['a blank title', '/title', { title: ' ' }],
    ['a title that is no text', '/title', { title: 7 }],
    ['a title with NUL', '/title', { title: 'a\u0000b' }],
    ['a title with half a character', '/title', { title: 'a\ud800' }],
    ['a title of 201 characters', '/title', { title: '锁'.repeat(201) }],
    ['no targets', '/targets', { targets: undefined }],
    ['empty targets', '/targets', { targets: [] }],
    ['targets that are no list', '/targets', { targets: {} }],
    ['20,001 targets', '/targets', { targets: Array(20_001).fill(aTarget(0)) }],
    ['a target that is null', '/targets/0', { targets: [null] }],
    ['a bad region', '/targets/0/regionId', { targets: [aTarget(0, { regionId: '../x' })] }],
    [
      'a region that is a number',
      '/targets/0/regionId',
      { targets: [aTarget(0, { regionId: 1 })] },
    ],
    ['neither connection nor selector', '/targets/0', { targets: [{ regionId: 'cn-hangzhou' }] }],
    ['an unknown key', '/colour', { colour: 'red' }],
    ['an unknown key of a target', '/targets/0/x', { targets: [aTarget(0, { x: 1 })] }],
    ['an unknown key of a set', '/set/Colour', { set: { Name: 'ab', Colour: 1 } }],
    ['an unknown key of a block', '/set/IkeConfig/a~1b~0', { set: { IkeConfig: { 'a/b~': 1 } } }],
    ['an empty set', '/set', { set: {} }],
    ['a set of empty blocks', '/set', { set: { IkeConfig: {}, BgpConfig: {} } }],
    ['a set that is a list', '/set', { set: [] }],
    ['a block that is a text', '/set/IkeConfig', { set: { IkeConfig: '{"Psk":"x"}' } }],
    ['a weak group', '/set/IkeConfig/IkePfs', { set: { IkeConfig: { IkePfs: 'group99' } } }],
    [
      'a lifetime of null',
      '/set/IkeConfig/IkeLifetime',
      { set: { IkeConfig: { IkeLifetime: null } } },
    ],
    [
      'a lifetime of true',
      '/set/IkeConfig/IkeLifetime',
      { set: { IkeConfig: { IkeLifetime: true } } },
    ],
    [
      'an empty lifetime',
      '/set/IkeConfig/IkeLifetime',
      { set: { IkeConfig: { IkeLifetime: '' } } },
    ],
    ['a lifetime of []', '/set/IkeConfig/IkeLifetime', { set: { IkeConfig: { IkeLifetime: [] } } }],
    [
      'a lifetime in hex',
      '/set/IkeConfig/IkeLifetime',
      { set: { IkeConfig: { IkeLifetime: '0x10' } } },
    ],
    ['a key with a space', '/set/IkeConfig/Psk', { set: { IkeConfig: { Psk: 'a b' } } }],
    ['an empty key', '/set/IkeConfig/Psk', { set: { IkeConfig: { Psk: '' } } }],
    ['a key that is a number', '/set/IkeConfig/Psk', { set: { IkeConfig: { Psk: 12345678 } } }],
    ['NUL in an id', '/set/IkeConfig/LocalId', { set: { IkeConfig: { LocalId: 'a\u0000' } } }],
    ['half a character', '/set/RemoteCaCertificate', { set: { RemoteCaCertificate: '\udc00' } }],
    [
      'half default routing',
      '/set/RemoteSubnet',
      { set: { LocalSubnet: '0.0.0.0/0', RemoteSubnet: '10.0.0.0/8' } },
    ],
    ['a mixed subnet list', '/set/RemoteSubnet', { set: { LocalSubnet: '0.0.0.0/0,10.0.0.0/8' } }],
    [
      'a peer outside its network',
      '/set/BgpConfig/LocalBgpIp',
      { set: { BgpConfig: { TunnelCidr: '169.254.10.0/30', LocalBgpIp: '169.254.11.1' } } },
    ],
    ['concurrency 0', '/rollout/concurrency', { rollout: { concurrency: 0 } }],
    ['concurrency 1.5', '/rollout/concurrency', { rollout: { concurrency: 1.5 } }],
    ['concurrency "0%"', '/rollout/concurrency', { rollout: { concurrency: '0%' } }],
    ['concurrency "101%"', '/rollout/concurrency', { rollout: { concurrency: '101%' } }],
    ['concurrency "10"', '/rollout/concurrency', { rollout: { concurrency: '10' } }],
    ['concurrency null', '/rollout/concurrency', { rollout: { concurrency: null } }],
    ['maxErrors -1', '/rollout/maxErrors', { rollout: { maxErrors: -1 } }],
    ['maxErrors "1.5%"', '/rollout/maxErrors', { rollout: { maxErrors: '1.5%' } }],
    [
      'a target with both',
      '/targets/0/select',
      { targets: [aTarget(0, { select: { name: 'x*' } })] },
    ],
    ['a selector of nothing', '/targets/0/select', { targets: [selected({})] }],
    ['an empty list', '/targets/0/select/status', { targets: [selected({ status: [] })] }],
    [
      'an unknown criterion',
      '/targets/0/select/zone',
      { targets: [selected({ name: '*', zone: 'a' })] },
    ],
    ['an unknown onFailure', '/onFailure', { onFailure: 'explode' }],
    ['acceptOutage "yes"', '/acceptOutage', { acceptOutage: 'yes' }],
    ['onFailure null', '/onFailure', { onFailure: null }],
    ['an unknown batchPause', '/rollout/batchPause', { rollout: { batchPause: 'PT5M' } }],
    ['batches without the rest', '/rollout/batches/0', { rollout: { batches: ['10%'] } }],
  ])('has a fault at its place for %s', (_, path, overrides) => {
    expect(pathsOf(aPlan(Object(overrides)))).toEqual([path]);
  });

  it('is told all its faults at once, cross rules included', () => {
    const plan = {
      targets: [aTarget(0, { regionId: 1 }), aTarget(1), aTarget(2, { set: { Nam: 1 } })],
      rollout: { concurrency: 0 },
      window: {},
    };

    expect(pathsOf(plan).sort()).toEqual(
      [
        '/rollout/concurrency',
        '/targets/0',
        '/targets/0/regionId',
        '/targets/1',
        '/targets/2/set/Nam',
        '/title',
        '/window',
      ].sort(),
    );
  });

  it('is told the place of a target without a wish', () => {
    const targets = [aTarget(0, { set: { Name: 'branch-0' } }), aTarget(1)];

    expect(faultsOf({ title: 'names', targets })).toEqual([
      {
        path: '/targets/1',
        message: 'needs a set or a rotatePsk of its own, since the plan has neither',
      },
    ]);
  });

  it('is told the right spelling of a key in the wrong case', () => {
    expect(faultsOf(aPlan({ set: { ikeconfig: {} } }))).toContainEqual({
      path: '/set/ikeconfig',
      message: 'is not known here; did you mean IkeConfig?',
    });
  });

  it('cannot reach the prototype', () => {
    const plan: unknown = JSON.parse(
      JSON.stringify(aPlan()).replace(
        '"title"',
        '"__proto__":{"title":"x"},"constructor":1,"title"',
      ),
    );

    expect(pathsOf(plan).sort()).toEqual(['/__proto__', '/constructor']);
    expect(Object.hasOwn(Object.prototype, 'title')).toBe(false);
  });

  it('is told of millions of targets in one sentence', () => {
    expect(pathsOf(aPlan({ targets: Array(3_000_000).fill(0) }))).toContain('/targets');
    expect(faultsOf(aPlan({ targets: Array(3_000_000).fill(0) })).length).toBeLessThan(5);
  });

  it('is told of no more faults than an answer can hold', () => {
    const keys = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, 0]));

    const faults = faultsOf(aPlan(keys));

    expect(faults).toHaveLength(50_001);
    expect(faults.at(-1)).toEqual({ path: '', message: '10000 more faults are not listed' });
  });

  it('leads to faults and to nothing else, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const fault of faultsOf(value)) expect(fault.path).toMatch(/^(\/|$)/);
      }),
    );
  });

  it('leads to faults below the place where it was spoilt', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const path of pathsOf(aPlan({ set: { IkeConfig: value, Name: 'ab' } }))) {
          expect(path).toMatch(/^\/set\/IkeConfig(\/|$)/);
        }
      }),
    );
  });
});
