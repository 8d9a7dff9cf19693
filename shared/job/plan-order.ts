import { maxTargets } from '../plan/schema.ts';

/** Most changes that a plan's selectors may make of one region. */
export const maxSelected = maxTargets;

/**
 * The place of a change of a plan with selectors, before it is known how many connections they take: each target has a
 * block of places of its own, `rank` counts within it. In the order of the plan, with gaps; release closes them.
 */
export function roomySeq(place: number, rank: number): number {
  return place * maxSelected + rank;
}
