import type { Due } from '../../lane/lane-store.ts';

/** When a row's `dueInMs` and `tickMs` lead to; NULL for no time. */
export const dueAt = `
  CASE WHEN r."tickMs" IS NULL THEN lanekeeper.now() + r."dueInMs" * interval '1 millisecond'
       ELSE to_timestamp(r."tickMs" / 1000 * ceil(
              (extract(epoch FROM lanekeeper.now()) * 1000 + r."dueInMs") / r."tickMs")) END`;

/** When something is due, as rows name it. */
export function dueOf({ dueInMs, tickMs }: Due): { dueInMs: number; tickMs?: number | undefined } {
  return { dueInMs, tickMs };
}
