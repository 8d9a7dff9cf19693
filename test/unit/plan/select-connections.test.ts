import { describe, expect, it } from 'vitest';
import { selectConnections } from '../../../shared/plan/select-connections.ts';
import type { Selectable } from '../../../shared/plan/selector.ts';

const connections: readonly Selectable[] = ['c', 'a', 'b'].map((name) => ({
  vpnConnectionId: `vco-${name}`,
  vpnGatewayId: null,
  customerGatewayIds: [],
  attachType: 'CEN',
  negotiations: [],
  name,
  tags: {},
}));

const all = { name: '*' };

describe('selectConnections', () => {
  it('takes connections in the order of their ids, each selector for itself', () => {
    const selectors = [
      { place: 4, select: all },
      { place: 7, select: { name: 'b' } },
    ];

    expect(selectConnections(selectors, { connections, room: 9 })).toEqual([
      { place: 4, ids: ['vco-a', 'vco-b', 'vco-c'], refusal: null },
      { place: 7, ids: ['vco-b'], refusal: null },
    ]);
  });

  it('refuses a selector that matches nothing', () => {
    const selectors = [{ place: 0, select: { name: 'd' } }];

    expect(selectConnections(selectors, { connections, room: 9 })).toEqual([
      { place: 0, ids: [], refusal: 'matches no connection' },
    ]);
  });

  it('refuses what is more than there is room for, and goes on with what fits', () => {
    const selectors = [all, all, { name: 'a' }].map((select, place) => ({ place, select }));
    const taken = selectConnections(selectors, { connections, room: 4 });

    expect(taken.map(({ ids }) => ids.length)).toEqual([3, 0, 1]);
    expect(taken[1]?.refusal).toMatch(/^matches 3 connections, more than/);
  });
});
