import { expect, it } from 'vitest';
import { Secret } from '../../shared/platform/secret.ts';
import { type Delivery, type Sink, versionOf } from '../../shared/sink/sink.ts';

/** A sink, and what stands at its other end. */
export interface SinkSubject {
  sink: Sink;
  /** Every version of a delivery's place with its key and its stage: pending, current, or anything else. */
  seen(delivery: Delivery): Promise<readonly { version: string; key: unknown; stage: string }[]>;
}

export function aDelivery(changeId = 'chg_1', tunnelId: string | null = 'tun-1'): Delivery {
  return {
    version: versionOf(changeId, tunnelId),
    jobId: 'job_1',
    changeId,
    regionId: 'cn-hangzhou',
    vpnConnectionId: 'vco-a',
    tunnelId,
    since: '2026-01-01T00:00:00.000Z',
  };
}

export const valuesOf = (key: string) => ({
  'IkeConfig.Psk': new Secret(key),
  'IkeConfig.IkePfs': 'group14',
});

/** What every sink does, whatever stands behind it. */
export function defineSinkContract(open: () => Promise<SinkSubject>): void {
  const failure = (code: string | RegExp) => ({
    kind: 'failed',
    error: { code: expect.stringMatching(code), isRetryable: false },
  });

  it('hands values over as pending ones', async () => {
    const { sink, seen } = await open();

    expect((await sink.deliver(aDelivery(), valuesOf('key-1'))).kind).toBe('delivered');

    expect(await seen(aDelivery())).toEqual([
      { version: 'chg_1.tun-1', key: 'key-1', stage: 'pending' },
    ]);
  });

  it('has one version when the same one is delivered twice, or twice at once', async () => {
    const { sink, seen } = await open();
    const once = () => sink.deliver(aDelivery(), valuesOf('key-1'));

    await once();
    await Promise.all([once(), once()]);

    expect(await seen(aDelivery())).toHaveLength(1);
  });

  it('refuses the same version with other values, for good', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery(), valuesOf('key-1'));

    const outcome = await sink.deliver(aDelivery(), valuesOf('key-2'));

    expect(outcome).toMatchObject(failure(/^(VersionConflict|Refused)$/));
    expect(await seen(aDelivery())).toMatchObject([{ key: 'key-1' }]);
  });

  it('makes a version the current one when it is promoted, also twice', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery(), valuesOf('key-1'));

    expect(await sink.promote(aDelivery())).toEqual({ kind: 'done' });
    expect(await sink.promote(aDelivery())).toEqual({ kind: 'done' });

    expect(await seen(aDelivery())).toMatchObject([{ stage: 'current' }]);
  });

  it('keeps a promoted version the current one when it is delivered once more', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery(), valuesOf('key-1'));
    await sink.promote(aDelivery());

    await sink.deliver(aDelivery(), valuesOf('key-1'));

    expect(await seen(aDelivery())).toMatchObject([{ stage: 'current' }]);
  });

  it('promotes nothing that was not delivered', async () => {
    const { sink } = await open();

    expect(await sink.promote(aDelivery())).toMatchObject(failure(/^(NotDelivered|Refused)$/));
  });

  it('takes a version back that was not promoted, also twice', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery(), valuesOf('key-1'));

    expect(await sink.withdraw(aDelivery())).toEqual({ kind: 'done' });
    expect(await sink.withdraw(aDelivery())).toEqual({ kind: 'done' });

    const stages = (await seen(aDelivery())).map(({ stage }) => stage);
    expect(stages).not.toContain('pending');
    expect(stages).not.toContain('current');
  });

  it('hands a version over again that was taken back', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery(), valuesOf('key-1'));
    await sink.withdraw(aDelivery());

    const again = { ...aDelivery(), since: '2026-01-02T00:00:00.000Z' };
    expect((await sink.deliver(again, valuesOf('key-1'))).kind).toBe('delivered');

    expect(await seen(again)).toEqual([{ version: 'chg_1.tun-1', key: 'key-1', stage: 'pending' }]);
    expect(await sink.promote(again)).toEqual({ kind: 'done' });
  });

  it('has nothing to take back of a version that was not delivered', async () => {
    const { sink } = await open();

    expect(await sink.withdraw(aDelivery())).toEqual({ kind: 'done' });
  });

  it('takes nothing back that was promoted', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery(), valuesOf('key-1'));
    await sink.promote(aDelivery());

    const outcome = await sink.withdraw(aDelivery());

    expect(outcome).toMatchObject(failure(/^(AlreadyCurrent|Refused)$/));
    expect(await seen(aDelivery())).toMatchObject([{ stage: 'current' }]);
  });

  it('keeps the proved version while a later one is pending or was taken back', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery('chg_1'), valuesOf('key-1'));
    await sink.promote(aDelivery('chg_1'));

    await sink.deliver(aDelivery('chg_2'), valuesOf('key-2'));
    await sink.withdraw(aDelivery('chg_2'));

    expect((await seen(aDelivery())).find(({ stage }) => stage === 'current')?.key).toBe('key-1');
  });

  it('keeps tunnels apart, and a connection without any from both', async () => {
    const { sink, seen } = await open();
    for (const tunnel of ['tun-1', 'tun-2', null]) {
      await sink.deliver(aDelivery('chg_1', tunnel), valuesOf(`key of ${tunnel}`));
    }
    await sink.promote(aDelivery('chg_1', 'tun-2'));

    const stageOf = async (tunnel: string | null) => {
      const delivery = aDelivery('chg_1', tunnel);
      return (await seen(delivery)).find(({ version }) => version === delivery.version)?.stage;
    };

    expect([await stageOf('tun-1'), await stageOf('tun-2'), await stageOf(null)]).toEqual([
      'pending',
      'current',
      'pending',
    ]);
  });

  it('keeps the current version through a dozen deliveries that come to nothing', async () => {
    const { sink, seen } = await open();
    await sink.deliver(aDelivery('chg_0'), valuesOf('key-0'));
    await sink.promote(aDelivery('chg_0'));

    for (let number = 1; number <= 12; number += 1) {
      const delivery = aDelivery(`chg_${number}`);
      expect(await sink.deliver(delivery, valuesOf('other'))).toEqual({ kind: 'delivered' });
      await sink.withdraw(delivery);
    }

    const current = (await seen(aDelivery())).filter(({ stage }) => stage === 'current');
    expect(current).toMatchObject([{ key: 'key-0' }]);
  });
}
