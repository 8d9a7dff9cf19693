import { describe, expect, it } from 'vitest';
import type { VpnConnection } from '../../../shared/connection/model.ts';
import { ListPlaces } from '../../../shared/inventory/list-places.ts';
import { aReader, onGateways } from './a-reader.ts';
import { aConnection, aRegion } from './aliyun-region.ts';

describe('places in a list', () => {
  const [one, two] = [onGateways(1, 2), onGateways(2, 1)[1]];

  function read(...lists: (readonly (readonly VpnConnection[])[])[]): ListPlaces {
    const places = new ListPlaces();
    for (const list of lists) places.sawList(list);
    return places;
  }
  const placesOf = (places: ListPlaces) =>
    ['vco-1.1', 'vco-1.2', 'vpn-1', 'vco-2.1', 'vpn-2', 'vco-none'].map((id) => places.pageOf(id));

  it.each([
    { why: 'read once', lists: [[one, [two]]], known: [null, null, null, null, null, null] },
    {
      why: 'read twice alike',
      lists: [
        [one, [two]],
        [one, [two]],
      ],
      known: [1, 1, 1, 2, 2, null],
    },
    {
      why: 'read twice, with some in another place',
      lists: [
        [one, [two]],
        [[two, ...one], []],
      ],
      known: [1, 1, 1, null, null, null],
    },
    {
      why: 'a gateway is on two pages',
      lists: [
        [one.slice(0, 1), [...one.slice(1), two]],
        [one.slice(0, 1), [...one.slice(1), two]],
      ],
      known: [1, 2, null, 2, 2, null],
    },
  ])('$why', ({ lists, known }) => {
    const defined = lists.map((list) => list.map((page) => page.flatMap((each) => each ?? [])));

    expect(placesOf(read(...defined))).toEqual(known);
  });

  it('are forgotten once something has moved', () => {
    const places = read([one], [one]);
    places.moved();
    places.sawList([one]);

    expect(places.pageOf('vco-1.1')).toBeNull();
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
    await reader.survey('cn-hangzhou', []);
    await clock.advance(1_000);
    region.calls.length = 0;
    const lookAt = (ids: readonly string[]) =>
      look(
        all.filter(({ vpnConnectionId }) => ids.includes(vpnConnectionId)),
        { awaitsGateway: false },
      );
    return { region, clock, lookAt };
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
