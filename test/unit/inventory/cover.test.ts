import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseCover,
  type KnownSizes,
  listsUpdatingGateways,
} from '../../../shared/inventory/cover.ts';

const pagesOf = (items: number | null): number => Math.max(1, Math.ceil((items ?? 1) / 50));

/** A region by how many connections it and some of its gateways are known to have. */
const situations = fc.record({
  inRegion: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: null }),
  gateways: fc.array(fc.option(fc.integer({ min: 0, max: 300 }), { nil: null }), { maxLength: 60 }),
  attachments: fc.integer({ min: 0, max: 60 }),
});

function settled(situation: {
  inRegion: number | null;
  gateways: readonly (number | null)[];
  attachments: number;
}) {
  const gatewayIds = situation.gateways.map((_, index) => `vpn-${index}`);
  const attachmentIds = Array.from({ length: situation.attachments }, (_, index) => `vco-${index}`);
  const sizes: KnownSizes = {
    connectionsInRegion: situation.inRegion,
    connectionsOnGateway: (id) => situation.gateways[gatewayIds.indexOf(id)] ?? null,
  };
  const pieces =
    attachmentIds.length + situation.gateways.reduce<number>((sum, size) => sum + pagesOf(size), 0);
  return { wanted: { gatewayIds, attachmentIds }, sizes, pieces };
}

describe('chooseCover', () => {
  it('never costs half as many calls again as the other way', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { wanted, sizes, pieces } = settled(situation);

        const cover = chooseCover(wanted, sizes);

        const sweep = situation.inRegion === null ? Infinity : pagesOf(situation.inRegion);
        if (cover.kind === 'sweep') {
          // What a page carries weighs half a call at most.
          expect(cover.pages).toBe(sweep);
          expect(cover.pages).toBeLessThanOrEqual(1.5 * pieces);
        } else expect(pieces).toBeLessThanOrEqual(1.5 * sweep);
      }),
    );
  });

  it('covers everything wanted', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { wanted, sizes } = settled(situation);

        const cover = chooseCover(wanted, sizes);

        if (cover.kind === 'sweep') expect(situation.inRegion).not.toBeNull();
        else {
          expect(cover.gatewayIds).toEqual(wanted.gatewayIds);
          expect(cover.connectionIds).toEqual(wanted.attachmentIds);
        }
      }),
    );
  });

  it('does not sweep a region of unknown size', () => {
    const { wanted, sizes } = settled({ inRegion: null, gateways: [], attachments: 60 });

    expect(chooseCover(wanted, sizes).kind).toBe('pieces');
  });

  it.each([
    {
      inRegion: 100,
      gateways: [8],
      attachments: 1,
      kind: 'pieces',
      why: 'the same calls carry more',
    },
    { inRegion: 600, gateways: [], attachments: 14, kind: 'pieces', why: 'two calls carry 600' },
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
      const { wanted, sizes } = settled(situation);

      expect(chooseCover(wanted, sizes).kind).toBe(kind);
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
