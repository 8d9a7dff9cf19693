import PQueue from 'p-queue';
import type { CloudError, Page, ReadOutcome } from '../connection/vpn-api.ts';
import { pageSize } from '../connection/vpn-api.ts';

/** How many pages of one list are read at the same time. */
export const pagesAtOnce = 8;

/** All items of a list, or the first error met. */
export type AllItems<Item> =
  | { kind: 'ok'; items: readonly Item[]; pages: readonly (readonly Item[])[]; total: number }
  | { kind: 'failed'; error: CloudError };

/**
 * Reads a list to its end, a few pages at the same time: as many as hold the expected items, and where the first page says that there
 * are more, the rest. A list that changes while it is read may miss an item; whoever needs a certain one asks for it alone.
 */
export async function readPages<Item>(
  readPage: (pageNumber: number) => Promise<ReadOutcome<Page<Item>>>,
  options: {
    /** How many items there were, if that is known. */
    expected?: number | null;
    /** Told of each page as it comes. */
    onPage?: (items: readonly Item[]) => void;
  } = {},
): Promise<AllItems<Item>> {
  const queue = new PQueue({ concurrency: pagesAtOnce });
  const pages: Promise<ReadOutcome<Page<Item>>>[] = [];
  const readOne = async (number: number): Promise<ReadOutcome<Page<Item>>> => {
    const outcome = await readPage(number);
    if (outcome.kind === 'ok') options.onPage?.(outcome.value.items);
    // Those after it are not asked for any more: who waits comes to this one first.
    else queue.clear();
    return outcome;
  };
  const readTo = (last: number): void => {
    while (pages.length < last) {
      const number = pages.length + 1;
      const page = queue.add(() => readOne(number));
      // Whoever waits for an earlier one hears of that first.
      page.catch(() => undefined);
      pages.push(page);
    }
  };
  readTo(pagesOf(options.expected ?? 0));
  try {
    const read: (readonly Item[])[] = [];
    let total = 0;
    for (const [index, page] of pages.entries()) {
      const outcome = await page;
      if (outcome.kind === 'failed') return outcome;
      if (index === 0) {
        total = outcome.value.total;
        readTo(pagesOf(total));
      }
      read.push(outcome.value.items);
    }
    return { kind: 'ok', items: read.flat(), pages: read, total };
  } finally {
    queue.clear();
  }
}

function pagesOf(items: number): number {
  return Math.max(1, Math.ceil(items / pageSize));
}
