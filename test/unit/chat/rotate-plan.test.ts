import { describe, expect, it } from 'vitest';
import { asWordFaults, rotatePlanOf } from '../../../shared/chat/rotate-plan.ts';
import { toAppError } from '../../../shared/platform/errors.ts';

function faultsOf(words: readonly string[]): readonly string[] {
  try {
    rotatePlanOf(words, []);
    return [];
  } catch (error) {
    return toAppError(error).faults.map(({ message }) => message);
  }
}

describe('rotate', () => {
  it('makes a plan of its words', () => {
    const words =
      'region=cn-hangzhou,eu-central-1 tag:env=prod tag:team=net name=branch-* gateway=vpn-1,vpn-2'
        .split(' ')
        .concat(
          'length=40 deliverTo=kms keepPreviousFor=7d batches=1,10%,100% batchPause=first'.split(
            ' ',
          ),
        )
        .concat(
          'CONCURRENCY=10% slowStart=yes verify=required onFailure=rollback approval=2'.split(' '),
        );
    const select = {
      tags: { env: 'prod', team: 'net' },
      name: 'branch-*',
      vpnGatewayId: ['vpn-1', 'vpn-2'],
    };

    expect(rotatePlanOf(words, ['kms', 'routers'])).toEqual({
      title: `rotate keys: ${words.join(' ')}`.slice(0, 200),
      targets: [
        { regionId: 'cn-hangzhou', select },
        { regionId: 'eu-central-1', select },
      ],
      rotatePsk: { length: 40 },
      handover: { deliverTo: ['kms'], keepPreviousFor: 'PT10080M' },
      rollout: {
        batches: [1, '10%', '100%'],
        batchPause: 'first',
        concurrency: '10%',
        slowStart: true,
      },
      verify: { tunnel: 'required' },
      onFailure: 'rollback',
      approval: { required: 2 },
    });
  });

  it.each([
    [['kms'], { deliverTo: ['kms'] }],
    [['kms', 'routers'], undefined],
    [[], undefined],
  ])('delivers to the only sink of %j unless it is told otherwise', (sinks, handover) => {
    expect(rotatePlanOf(['region=r', 'name=*'], sinks)).toEqual({
      title: 'rotate keys: region=r name=*',
      rotatePsk: true,
      targets: [{ regionId: 'r', select: { name: '*' } }],
      ...(handover === undefined ? {} : { handover }),
    });
  });

  it('tells every fault of its words at once', () => {
    expect(faultsOf(['prod', 'colour=red', 'gatway=vpn-1', 'name=', 'title=a', 'title=b'])).toEqual(
      [
        'prod is no KEY=VALUE',
        'colour is not known here',
        'gatway is not known here; did you mean gateway?',
        'name has no value',
        'title stands there twice',
        'region is missing; write region=cn-hangzhou',
        expect.stringMatching(/^nothing is selected; .* name=\* for all of the region$/),
      ],
    );
  });

  it.each([
    ['/targets/1/select/vpnGatewayId/0', 'gateway'],
    ['/targets/0/select/tags/env', 'tag:env'],
    ['/targets/0/regionId', 'region'],
    ['/rollout/batches/2', 'batches'],
    ['/rotatePsk/length', 'length'],
    ['/handover/deliverTo', 'deliverTo'],
    ['/window', 'window'],
  ])('tells a fault of the plan at %s by the word %s', (path, word) => {
    expect(asWordFaults([{ path, message: 'is wrong' }]).faults).toEqual([
      { path: word, message: 'is wrong' },
    ]);
  });
});
