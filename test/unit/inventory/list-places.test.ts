import { describe, expect, it } from 'vitest';
import type { VpnConnection } from '../../../shared/connection/model.ts';
import { ListPlaces } from '../../../shared/inventory/list-places.ts';
import { aReader, onGateways } from './a-reader.ts';
import { aConnection, aRegion } from './aliyun-region.ts';

describe('places in a list', () => {
  const one = onGateways(1, 2);
  const two = onGateways(2, 1).slice(1);
  const ids = ['vco-1.1', 'vco-1.2', 'vpn-1', 'vco-2.1', 'vpn-2', 'vco-none'];

  function read(
    lists: readonly (readonly (readonly VpnConnection[])[])[],
    places = new ListPlaces(),
  ): ListPlaces {
    for (const list of lists) places.sawList(list);
    return places;
  }
  const knownOf = (places: ListPlaces) => ids.map((id) => places.pageOf(id));

  it('are those of the latest reading', () => {
    expect(knownOf(read([[one, two]]))).toEqual([1, 1, 1, 2, 2, null]);
    expect(
      knownOf(
        read([
          [one, two],
          [two, one],
        ]),
      ),
    ).toEqual([2, 2, 2, 1, 1, null]);
  });

  it('are none for a gateway on two pages', () => {
    const pages = [one.slice(0, 1), [...one.slice(1), ...two]];

    expect(knownOf(read([pages]))).toEqual([1, 2, null, 2, 2, null]);
  });

  it('are forgotten once something has moved, and then have to be seen twice alike once', () => {
    const places = read([[one, two]]);
    places.moved();

    const after = [
      knownOf(places),
      knownOf(read([[one, two]], places)),
      knownOf(read([[[...one, ...two]]], places)),
      knownOf(read([[[...one, ...two]]], places)),
    ];

    const none = ids.map(() => null);
    expect(after).toEqual([none, none, [1, 1, 1, null, null, null], [1, 1, 1, 1, 1, null]]);
    expect(knownOf(read([[two, one]], places))).toEqual([2, 2, 2, 1, 1, null]);
  });
});

describe('looks at a region whose list is known', () => {
  /** 600 connections, six gateways on each page of fifty and two on none. */
  const all = onGateways(100, 6);
  const looked = ['vco-1.1', 'vco-2.3', 'vco-40.2'];

  async function aKnownRegion() {
    const region = aRegion(all);
    const { reader, look, clock } = aReader(region);
    await reader.survey('cn-hangzhou', []);
    await clock.advance(1_000);
    region.calls.length = 0;
    const lookAt = (ids: readonly string[]) =>
      look(
        all.filter(({ vpnConnectionId }) => ids.includes(vpnConnectionId)),
        { awaitsGateway: false },
      );
    return { region, clock, reader, lookAt };
  }

  it('read a page for several gateways on it, and the list of a gateway that is alone on its own', async () => {
    const { region, lookAt } = await aKnownRegion();

    const sights = await lookAt(looked);

    expect(sights.map((sight) => sight.kind === 'seen' && sight.connection)).toEqual(
      all.filter(({ vpnConnectionId }) => looked.includes(vpnConnectionId)),
    );
    expect([...region.calls].sort()).toEqual(['list', 'list vpn-40']);
  });

  it('read alone what is not on its page any more, and take no page for granted after that', async () => {
    const { region, clock, lookAt } = await aKnownRegion();
    region.unlisted.add('vco-1.1');

    const sights = await lookAt(looked);
    await clock.advance(1_000);
    const calls = region.calls.splice(0);
    await lookAt(looked);

    expect(sights.map(({ kind }) => kind)).toEqual(['seen', 'seen', 'seen']);
    expect([...calls].sort()).toEqual(['list', 'list vpn-40', 'one vco-1.1']);
    expect([...region.calls].sort()).toEqual([
      'list vpn-1',
      'list vpn-2',
      'list vpn-40',
      'one vco-1.1',
    ]);
  });

  it('find several of a page with it, and others alone', async () => {
    const { region, reader } = await aKnownRegion();
    const ids = ['vco-1.1', 'vco-2.3', 'vco-3.1', 'vco-40.2'];

    const found = await reader.find('cn-hangzhou', ids);

    expect(found.kind === 'found' && [...found.connections.keys()]).toEqual(ids);
    expect([...region.calls].sort()).toEqual(['list', 'one vco-40.2']);
  });

  it('find nothing when a page cannot be read', async () => {
    const { region, reader } = await aKnownRegion();
    region.failing.add('list');

    const found = await reader.find('cn-hangzhou', ['vco-1.1', 'vco-2.3', 'vco-3.1']);

    expect(found).toMatchObject({ kind: 'failed', error: { code: 'list' } });
  });

  it('take no page for granted once the region holds another number of connections', async () => {
    const { region, clock, lookAt } = await aKnownRegion();
    region.connections.set('vco-new', aConnection('vco-new'));
    await lookAt(looked);
    await clock.advance(1_000);
    region.calls.length = 0;

    await lookAt(looked);

    expect([...region.calls].sort()).toEqual(['list vpn-1', 'list vpn-2', 'list vpn-40']);
  });

  it('are told when their page cannot be read, and others are not', async () => {
    const { region, lookAt } = await aKnownRegion();
    region.failing.add('list');

    const sights = await lookAt(looked);

    expect(sights.map((sight) => (sight.kind === 'failed' ? sight.error.code : 'seen'))).toEqual([
      'list',
      'list',
      'seen',
    ]);
  });
});
