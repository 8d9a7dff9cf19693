import type { CloudError, Page, ReadOutcome } from '../connection/vpn-api.ts';
import { pageSize } from '../connection/vpn-api.ts';

/** How many pages of one list are read at the same time. */
const pagesAtOnce = 8;

/** All items of a list, or the first error met. */
export type AllItems<Item> =
  | { kind: 'ok'; items: readonly Item[]; total: number }
  | { kind: 'failed'; error: CloudError };

/**
 * Reads a list to its end: the first page tells how many there are, the rest are read a few at a time.
 * A list that changes while it is read may miss an item; whoever needs a certain one asks for it alone.
 */
export async function readPages<Item>(
  read: (pageNumber: number) => Promise<ReadOutcome<Page<Item>>>,
): Promise<AllItems<Item>> {
  const first = await read(1);
  if (first.kind === 'failed') return first;
  const last = Math.ceil(first.value.total / pageSize);
  const items = [...first.value.items];
  for (let page = 2; page <= last; page += pagesAtOnce) {
    const numbers = Array.from(
      { length: Math.min(pagesAtOnce, last - page + 1) },
      (_, i) => page + i,
    );
    const outcomes = await Promise.all(numbers.map(read));
    for (const outcome of outcomes) {
      if (outcome.kind === 'failed') return outcome;
      items.push(...outcome.value.items);
    }
  }
  return { kind: 'ok', items, total: first.value.total };
}
