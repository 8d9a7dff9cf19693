import { amountOf, atLeastOneOf, type Share } from './share.ts';

/** A batch that does not follow the ones before it. `index` is its place in the list. */
export interface BatchFault {
  index: number;
  message: string;
}

/**
 * What is wrong with cumulative batches. Numbers and percentages are compared with each other once it is known of how many
 * changes they are shares (`total`); until then each with its like.
 */
export function batchFaults(
  batches: readonly Share[],
  total: number | null,
): readonly BatchFault[] {
  const faults = batches.flatMap((batch, index): BatchFault[] => {
    const before = batches
      .slice(0, index)
      .filter((each) => total !== null || isPercentage(each) === isPercentage(batch))
      .at(-1);
    if (before === undefined || amountOf(batch, total ?? 100) > amountOf(before, total ?? 100)) {
      return [];
    }
    const mixed = total !== null && isPercentage(before) !== isPercentage(batch);
    const message = `must be more than the batch before it${mixed ? `, of ${total} changes` : ''}`;
    return [{ index, message }];
  });
  if (batches.at(-1) === '100%') return faults;
  return [...faults, { index: batches.length - 1, message: 'the last batch must be "100%"' }];
}

function isPercentage(share: Share): boolean {
  return typeof share === 'string';
}

/**
 * How many changes of `total` are begun by the end of each batch: rising, the last number is `total`. Percentages are rounded
 * up; batches that come to the same number are one.
 */
export function countedBatches(batches: readonly Share[], total: number): readonly number[] {
  const ends = batches.map((batch) => Math.min(total, atLeastOneOf(batch, total)));
  return [...new Set([...ends, total])].filter((end) => end <= total);
}
