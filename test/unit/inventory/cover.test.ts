import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Cover,
  chooseCover,
  type KnownPlaces,
  listsUpdatingGateways,
} from '../../../shared/inventory/cover.ts';

const pagesOf = (items: number | null): number => Math.max(1, Math.ceil((items ?? 1) / 50));

/** A region by how many connections it and some of its gateways are known to have, and on which pages some are known to be. */
const situations = fc.record({
  inRegion: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: null }),
  gateways: fc.array(fc.option(fc.integer({ min: 0, max: 300 }), { nil: null }), { maxLength: 60 }),
  attachments: fc.integer({ min: 0, max: 60 }),
  pages: fc.array(fc.option(fc.integer({ min: 1, max: 20 }), { nil: null }), { maxLength: 120 }),
});

function settled(situation: {
  inRegion: number | null;
  gateways: readonly (number | null)[];
  attachments: number;
  pages?: readonly (number | null)[];
}) {
  const gatewayIds = situation.gateways.map((_, index) => `vpn-${index}`);
  const attachmentIds = Array.from({ length: situation.attachments }, (_, index) => `vco-${index}`);
  const all = [...gatewayIds, ...attachmentIds];
  const known: KnownPlaces = {
    connectionsInRegion: situation.inRegion,
    connectionsOnGateway: (id) => situation.gateways[gatewayIds.indexOf(id)] ?? null,
    pageOf: (id) => situation.pages?.[all.indexOf(id)] ?? null,
  };
  const pieces =
    attachmentIds.length + situation.gateways.reduce<number>((sum, size) => sum + pagesOf(size), 0);
  return { wanted: { gatewayIds, attachmentIds }, known, pieces };
}

function callsOf(cover: Cover, known: KnownPlaces): number {
  if (cover.kind === 'sweep') return cover.pages;
  const lists = cover.gatewayIds.map((id) => pagesOf(known.connectionsOnGateway(id)));
  const alone = cover.connectionIds.length + cover.pages.length;
  return lists.reduce((sum, calls) => sum + calls, alone);
}

describe('chooseCover', () => {
  it('never costs half as many calls again as reading all, or one by one', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { wanted, known, pieces } = settled(situation);

        const calls = callsOf(chooseCover(wanted, known), known);

        const sweep = situation.inRegion === null ? Infinity : pagesOf(situation.inRegion);
        // What a page carries weighs half a call at most.
        expect(calls).toBeLessThanOrEqual(1.5 * Math.min(sweep, pieces));
      }),
    );
  });

  it('covers everything wanted, once', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { wanted, known } = settled(situation);

        const cover = chooseCover(wanted, known);

        if (cover.kind === 'sweep') {
          expect(situation.inRegion).not.toBeNull();
          return;
        }
        const pages = new Set<number | null>(cover.pages);
        const isApart = (id: string): boolean => !pages.has(known.pageOf(id));
        expect(cover.gatewayIds).toEqual(wanted.gatewayIds.filter(isApart));
        expect(cover.connectionIds).toEqual(wanted.attachmentIds.filter(isApart));
        expect(pages.size).toBe(cover.pages.length);
      }),
    );
  });

  it('reads a page that shows several of what is wanted, and the others one by one', () => {
    const { wanted, known } = settled({
      inRegion: 600,
      gateways: [8, 8, 8, 8],
      attachments: 2,
      pages: [3, 3, 4, null, 5, 5],
    });

    expect(chooseCover(wanted, known)).toEqual({
      kind: 'parts',
      pages: [3, 5],
      gatewayIds: ['vpn-2', 'vpn-3'],
      connectionIds: [],
    });
  });

  it('does not sweep a region of unknown size', () => {
    const { wanted, known } = settled({ inRegion: null, gateways: [], attachments: 60 });

    expect(chooseCover(wanted, known).kind).toBe('parts');
  });

  it.each([
    {
      inRegion: 100,
      gateways: [8],
      attachments: 1,
      kind: 'parts',
      why: 'the same calls carry more',
    },
    { inRegion: 600, gateways: [], attachments: 14, kind: 'parts', why: 'two calls carry 600' },
    { inRegion: 600, gateways: [], attachments: 30, kind: 'sweep', why: 'it saves half the calls' },
    {
      inRegion: 16,
      gateways: [4, 4, 4, 4],
      attachments: 0,
      kind: 'sweep',
      why: 'it saves three calls',
    },
  ])(
    '$kind for $attachments attachments and gateways $gateways of $inRegion: $why',
    ({ kind, ...situation }) => {
      const { wanted, known } = settled(situation);

      expect(chooseCover(wanted, known).kind).toBe(kind);
    },
  );
});

describe('listsUpdatingGateways', () => {
  it.each([
    { gateways: 0, before: 0, lists: false },
    { gateways: 1, before: 0, lists: false },
    { gateways: 2, before: 0, lists: true },
    { gateways: 60, before: 0, lists: true },
    { gateways: 3, before: 120, lists: false },
    { gateways: 4, before: 120, lists: true },
  ])(
    'for $gateways gateways after $before were updating: $lists',
    ({ gateways, before, lists }) => {
      expect(listsUpdatingGateways(gateways, before)).toBe(lists);
    },
  );
});
