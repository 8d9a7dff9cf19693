import { describe, expect, it } from 'vitest';
import type { Sight } from '../../../shared/inventory/sights.ts';
import { aReader, onGateways } from './a-reader.ts';
import { aConnection, aRegion } from './aliyun-region.ts';

const kindsOf = (sights: readonly Sight[]): string[] => sights.map(({ kind }) => kind);

describe('looks that come together', () => {
  it('share one list of the updating gateways and one list for each gateway', async () => {
    const all = onGateways(3, 2);
    const region = aRegion(all);

    const sights = await aReader(region).look(all);

    expect(kindsOf(sights)).toEqual(all.map(() => 'seen'));
    expect([...region.calls].sort()).toEqual([
      'gateways',
      'list vpn-1',
      'list vpn-2',
      'list vpn-3',
    ]);
  });

  it('ask for one gateway alone when there is only one', async () => {
    const all = onGateways(1, 3);
    const region = aRegion(all);

    await aReader(region).look(all);

    expect(region.calls).toEqual(['gateway vpn-1', 'list vpn-1']);
  });

  it('do not read connections of a gateway that is still updating', async () => {
    const all = onGateways(2, 1);
    const region = aRegion(all);
    region.updating.add('vpn-1');

    const sights = await aReader(region).look(all);

    expect(kindsOf(sights)).toEqual(['gateway_updating', 'seen']);
    expect(region.calls).toEqual(['gateways', 'list vpn-2']);
  });

  it('read a connection without its gateway where only the connection matters', async () => {
    const all = onGateways(1, 1);
    const region = aRegion(all);
    region.updating.add('vpn-1');

    expect(kindsOf(await aReader(region).look(all, { awaitsGateway: false }))).toEqual(['seen']);
    expect(region.calls).toEqual(['list vpn-1']);
  });

  it('are served by what was read since the time they ask for, and by nothing older', async () => {
    const [connection] = onGateways(1, 1);
    const all = connection ? [connection] : [];
    const region = aRegion(all);
    const { clock, look } = aReader(region);
    await look(all);
    const readAt = clock.monotonic();
    await clock.advance(1_000);

    await look(all, { notBefore: readAt });
    const served = region.calls.length;
    await look(all, { notBefore: readAt + 1 });

    expect(served).toBe(2);
    expect(region.calls).toHaveLength(4);
  });

  it('are not served by what was read before their gateway was', async () => {
    const all = onGateways(1, 1);
    const region = aRegion(all);
    const { clock, look } = aReader(region);
    const notBefore = clock.monotonic();
    await look(all, { awaitsGateway: false });
    await clock.advance(100);
    region.calls.length = 0;

    await look(all, { notBefore });

    expect(region.calls).toEqual(['gateway vpn-1', 'list vpn-1']);
  });

  it('read alone what a list did not show, and only then believe that it is gone', async () => {
    const all = onGateways(1, 2);
    const region = aRegion(all);
    const gone = aConnection('vco-gone', { vpnGatewayId: 'vpn-1' });
    region.unlisted.add('vco-1.2');

    const sights = await aReader(region).look([...all, gone]);

    expect(sights.map((sight) => sight.kind === 'seen' && sight.connection)).toEqual([
      ...all,
      null,
    ]);
    expect(region.calls).toEqual(['gateway vpn-1', 'list vpn-1', 'one vco-1.2', 'one vco-gone']);
  });

  it('that need a read of their own get it beside the list of the others', async () => {
    const [first, second] = onGateways(1, 2);
    if (!first || !second) throw new Error('two are needed');
    const region = aRegion([first, second]);
    const { look } = aReader(region);

    const sights = await Promise.all([look([first], { needsOwnRead: true }), look([second])]);

    expect(kindsOf(sights.flat())).toEqual(['seen', 'seen']);
    expect(region.calls).toContain('one vco-1.1');
  });

  it('sweep the region once its size is known and that is cheaper', async () => {
    const all = onGateways(10, 4);
    const region = aRegion(all);
    const { reader, look } = aReader(region);
    await reader.find(
      'cn-hangzhou',
      all.map(({ vpnConnectionId }) => vpnConnectionId),
    );
    region.calls.length = 0;

    await look(all, { awaitsGateway: false, notBefore: 1 });

    expect(region.calls).toEqual(['list']);
  });

  it('are answered page by page, whatever becomes of the rest of the sweep', async () => {
    const all = onGateways(60, 2);
    const region = aRegion(all);
    const { reader, look } = aReader(region);
    await reader.find(
      'cn-hangzhou',
      all.map(({ vpnConnectionId }) => vpnConnectionId),
    );
    region.failing.add('list.2');

    const sights = await look(all, { awaitsGateway: false, notBefore: 1 });

    const ofFailed = kindsOf(sights).slice(50, 100);
    expect(kindsOf(sights).slice(0, 50)).toEqual(ofFailed.map(() => 'seen'));
    expect(new Set(ofFailed)).toEqual(new Set(['failed']));
  });

  it.each([
    { failing: 'list vpn-1', kinds: ['failed', 'seen', 'seen'] },
    { failing: 'gateways', kinds: ['failed', 'failed', 'seen'] },
    { failing: 'one vco-a', kinds: ['seen', 'seen', 'failed'] },
  ])(
    'are not spoiled by the failure of a call they do not need: $failing',
    async ({ failing, kinds }) => {
      const all = [...onGateways(2, 1), aConnection('vco-a')];
      const region = aRegion(all);
      region.failing.add(failing);

      const sights = await aReader(region).look(all);

      expect(kindsOf(sights)).toEqual(kinds);
      expect(sights.filter(({ kind }) => kind === 'failed')).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ error: expect.objectContaining({ code: failing }) }),
        ]),
      );
    },
  );
});

describe('looks of which some fail', () => {
  it('are told what failed for themselves, and the missing are still read', async () => {
    const all = [...onGateways(1, 1), aConnection('vco-a'), aConnection('vco-b')];
    const hidden = aConnection('vco-1.2', { vpnGatewayId: 'vpn-1' });
    const region = aRegion([...all, hidden]);
    region.unlisted.add('vco-1.2');
    region.failing.add('one vco-a').add('one vco-b');

    const sights = await aReader(region).look([...all, hidden]);

    expect(
      sights.map((sight) => (sight.kind === 'failed' ? sight.error.code : sight.kind)),
    ).toEqual(['seen', 'one vco-a', 'one vco-b', 'seen']);
  });

  it('do not ask one by one for what a list should have shown', async () => {
    const all = onGateways(1, 5);
    const region = aRegion(all);
    region.failing.add('list vpn-1');

    await aReader(region).look(all);

    expect(region.calls).toEqual(['gateway vpn-1', 'list vpn-1']);
  });
});

describe('a search', () => {
  it('finds what there is and says null for the rest', async () => {
    const all = onGateways(3, 20);
    const region = aRegion(all);
    const ids = [...all.map(({ vpnConnectionId }) => vpnConnectionId), 'vco-none'];

    const found = await aReader(region).reader.find('cn-hangzhou', ids);

    expect(found.kind === 'found' && [...found.connections]).toEqual([
      ...all.map((each) => [each.vpnConnectionId, each]),
      ['vco-none', null],
    ]);
    expect(region.calls.filter((call) => call.startsWith('one'))).toEqual(['one vco-none']);
  });

  it('of a few in a large region asks for them alone', async () => {
    const all = onGateways(20, 20);
    const region = aRegion(all);

    await aReader(region).reader.find('cn-hangzhou', ['vco-3.1', 'vco-4.1']);

    expect(region.calls).toEqual(['one vco-3.1', 'one vco-4.1']);
  });

  it('fails as a whole when the region cannot be read', async () => {
    const all = onGateways(1, 5);
    const region = aRegion(all);
    region.failing.add('list');

    const found = await aReader(region).reader.find(
      'cn-hangzhou',
      all.map(({ vpnConnectionId }) => vpnConnectionId),
    );

    expect(found).toMatchObject({ kind: 'failed', error: { code: 'list' } });
  });
});

describe('a survey', () => {
  it('finds all that lists show, and what is named although they miss it', async () => {
    const all = onGateways(3, 20);
    const region = aRegion(all);
    region.unlisted.add('vco-2.2');

    const found = await aReader(region).reader.survey('cn-hangzhou', ['vco-1.1', 'vco-2.2']);

    expect(found.kind === 'found' && new Map(found.connections)).toEqual(
      new Map(all.map((each) => [each.vpnConnectionId, each])),
    );
    expect(region.calls).toEqual(['list', 'list.2', 'one vco-2.2']);
  });

  it.each(['list', 'one vco-none'])('fails as a whole when %s fails', async (call) => {
    const region = aRegion(onGateways(1, 5));
    region.failing.add(call);

    const found = await aReader(region).reader.survey('cn-hangzhou', ['vco-none']);

    expect(found).toMatchObject({ kind: 'failed', error: { code: call } });
  });
});
