import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/platform/errors.ts';
import { parseSchedule } from '../../../shared/schedule/schema.ts';
import { aPlan, aTarget, planContext } from '../../helpers/factories.ts';

function faultsOf(input: unknown): unknown {
  try {
    parseSchedule(input, planContext);
    return null;
  } catch (error) {
    return error instanceof AppError ? [error.code, ...error.faults] : error;
  }
}

describe('a schedule', () => {
  it('needs a time and a plan, and has defaults for the rest', () => {
    expect(parseSchedule({ cron: '0 3 * * 0', plan: aPlan() }, planContext)).toMatchObject({
      cron: '0 3 * * 0',
      timeZone: 'UTC',
      enabled: true,
      overlap: 'skip',
      minAge: null,
      plan: { title: 'stronger algorithms', rollout: { concurrency: 10 } },
    });
  });

  it('takes every setting', () => {
    const settings = {
      cron: '30 2 1 * *',
      timeZone: 'Asia/Shanghai',
      enabled: false,
      overlap: 'queue',
      minAge: 'P90D',
    };

    expect(parseSchedule({ ...settings, plan: aPlan() }, planContext)).toMatchObject(settings);
  });

  it('reports all its faults at once, each at its place', () => {
    const plan = { targets: [aTarget(0), {}], set: { IkeConfig: { IkePfs: 'x' } }, window: {} };
    const input = { cron: '0 25 * * *', timeZone: 'Mars/Phobos', minAge: '90 days', plan };

    expect(faultsOf({ ...input, enabled: 'yes', overlap: 'wait', color: 1, nextRuns: [] })).toEqual(
      [
        'invalid_request',
        {
          path: '/cron',
          message: 'the hour must be made of 0 to 23, with *, lists, ranges and steps',
        },
        {
          path: '/timeZone',
          message:
            'must be a time zone of the IANA database such as Europe/Berlin, Asia/Shanghai or UTC',
        },
        { path: '/enabled', message: 'must be a boolean' },
        { path: '/overlap', message: 'must be one of skip, queue' },
        { path: '/minAge', message: 'must be an ISO 8601 duration such as P90D or PT12H' },
        { path: '/color', message: 'is not known here' },
        { path: '/nextRuns', message: 'is only shown; leave it out' },
        { path: '/plan/title', message: 'is required' },
        { path: '/plan/targets/1/regionId', message: 'is required' },
        { path: '/plan/targets/1', message: 'needs a vpnConnectionId or a select' },
        { path: '/plan/set/IkeConfig/IkePfs', message: expect.stringContaining('group14') },
        {
          path: '/plan/window/duration',
          message: 'must be an ISO 8601 duration such as P90D or PT12H',
        },
      ],
    );
  });

  it.each([
    [null, [{ path: '', message: 'must be an object' }]],
    [[], [{ path: '', message: 'must be an object' }]],
    ['0 3 * * *', [{ path: '', message: 'must be an object' }]],
    [
      {},
      [
        { path: '/cron', message: 'is required' },
        { path: '/plan', message: 'is required' },
      ],
    ],
    [
      { cron: null, plan: null },
      [
        { path: '/cron', message: 'must be a string' },
        { path: '/plan', message: 'must be an object' },
      ],
    ],
  ])('is not %j', (input, faults) => {
    expect(faultsOf(input)).toEqual(['invalid_request', ...faults]);
  });

  it('takes no key as it is shown, wherever it stands', () => {
    const shown = { IkeConfig: { Psk: '***' } };
    const tunnels = [
      { Role: 'slave', TunnelIkeConfig: { Psk: 'n3wK3y' } },
      { Role: 'master', TunnelIkeConfig: { Psk: '***' } },
    ];
    const targets = [aTarget(0), aTarget(1, { set: { TunnelOptionsSpecification: tunnels } })];
    const message = 'is how a key is shown; give the key itself';

    expect(faultsOf({ cron: '0 3 * * 0', plan: aPlan({ set: shown, targets }) })).toEqual([
      'invalid_request',
      {
        path: '/plan/targets/1/set/TunnelOptionsSpecification/1/TunnelIkeConfig/Psk',
        message,
      },
      { path: '/plan/set/IkeConfig/Psk', message },
    ]);
  });
});
