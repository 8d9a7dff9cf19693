import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CloudError, Page, ReadOutcome } from '../../../shared/connection/vpn-api.ts';
import { readPages } from '../../../shared/inventory/read-pages.ts';

const error: CloudError = {
  class: 'throttled',
  code: 'Throttling.User',
  message: 'too many calls',
  requestId: null,
};

function aList(total: number, failing: readonly number[] = []) {
  const asked: number[] = [];
  const read = async (pageNumber: number): Promise<ReadOutcome<Page<number>>> => {
    asked.push(pageNumber);
    if (failing.includes(pageNumber)) return { kind: 'failed', error };
    const all = Array.from({ length: total }, (_, index) => index);
    return {
      kind: 'ok',
      value: { items: all.slice((pageNumber - 1) * 50, pageNumber * 50), total },
    };
  };
  return { asked, read };
}

describe('readPages', () => {
  it('reads every item once, in order, each page once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1_300 }), async (total) => {
        const { asked, read } = aList(total);

        const all = await readPages(read);

        const pages = Math.max(1, Math.ceil(total / 50));
        expect(all).toMatchObject({
          kind: 'ok',
          items: Array.from({ length: total }, (_, index) => index),
          total,
        });
        expect(all.kind === 'ok' && all.pages.map(({ length }) => length)).toEqual(
          Array.from({ length: pages }, (_, index) => Math.min(50, total - index * 50)),
        );
        expect(asked).toEqual(Array.from({ length: pages }, (_, index) => index + 1));
      }),
    );
  });

  it('reads what it expects without waiting for the first page, however many there are now', async () => {
    const sizes = fc.integer({ min: 0, max: 1_300 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (total, expected) => {
        const { asked, read } = aList(total);
        const before: number[] = [];
        const seen: number[] = [];

        const all = await readPages(
          async (pageNumber) => {
            const page = await read(pageNumber);
            if (pageNumber === 1) before.push(asked.length);
            return page;
          },
          { expected, onPage: (items) => seen.push(...items) },
        );

        const items = Array.from({ length: total }, (_, index) => index);
        expect(before).toEqual([Math.min(8, Math.max(1, Math.ceil(expected / 50)))]);
        expect(all).toMatchObject({ kind: 'ok', items, total });
        expect(seen.sort((a, b) => a - b)).toEqual(items);
        expect(new Set(asked).size).toBe(asked.length);
      }),
    );
  });

  it.each([[1], [2], [9], [10]])('ends with the error of page %i', async (page) => {
    const { asked, read } = aList(1_000, [page]);

    expect(await readPages(read)).toEqual({ kind: 'failed', error });
    expect(asked.length).toBeLessThan(20);
  });
});
