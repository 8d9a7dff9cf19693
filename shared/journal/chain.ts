import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../platform/canonical.ts';

/** An event of a change as it is exported: what happened, when, and the link of its chain. */
export const ChainedEvent = z.strictObject({
  changeId: z.string().describe('The change it happened to.'),
  number: z.int().min(1).describe('Place among the events of its change, from 1, without gaps.'),
  at: z.string().describe('ISO 8601, UTC, with milliseconds.'),
  kind: z.string().describe('What happened.'),
  data: z.record(z.string(), z.unknown()),
  hash: z
    .string()
    .nullable()
    .describe(
      'SHA-256, hex, over the hash before it and the canonical JSON (RFC 8785) of all members but this one; null for events from before there were chains.',
    ),
});
export type ChainedEvent = z.infer<typeof ChainedEvent>;

const noHash = Buffer.alloc(32);

/** The text of an event that its hash is over: canonical JSON of everything but the hash. */
function eventTextOf({ changeId, number, at, kind, data }: ChainedEvent): string {
  return canonicalJson({ changeId, number, at, kind, data });
}

/**
 * The hash of an event that follows one with the hash `before`, lower-case hex: SHA-256 over the 32 bytes of that one, zeros
 * where the chain begins, and the event's text. The database does the same in `link_event` (0004_journal_chain.sql).
 */
export function linkHash(before: string | null, event: ChainedEvent): string {
  const head = before === null ? noHash : Buffer.from(before, 'hex');
  return createHash('sha256').update(head).update(eventTextOf(event)).digest('hex');
}

/** The end of a change's chain, for the seal. */
export interface ChainHead {
  changeId: string;
  /** Events of the change. */
  events: number;
  /** Those of them from before there were chains, which nothing vouches for. */
  unchained: number;
  /** The last hash; null when there is none. */
  head: string | null;
}

/** What following one change's events came to: the end of its chain, and what is wrong with it, as sentences. */
export interface FollowedChain extends ChainHead {
  faults: readonly string[];
}

/** Follows the chain of one change. `events` are all of it, in order. Only the first fault of a chain says something. */
export function followChain(changeId: string, events: readonly ChainedEvent[]): FollowedChain {
  let head: string | null = null;
  let unchained = 0;
  let fault: string | null = null;
  for (const [index, event] of events.entries()) {
    fault ??= faultOf(event, { changeId, expected: index + 1, head });
    if (event.hash === null) unchained += 1;
    else head = event.hash;
  }
  return {
    changeId,
    events: events.length,
    unchained,
    head,
    faults: fault === null ? [] : [fault],
  };
}

function faultOf(
  event: ChainedEvent,
  { changeId, expected, head }: { changeId: string; expected: number; head: string | null },
): string | null {
  const where = `${changeId} event ${event.number}`;
  if (event.changeId !== changeId) return `${where} belongs to ${event.changeId}`;
  if (event.number !== expected)
    return `${changeId}: event ${event.number} stands where ${expected} belongs`;
  if (event.hash === null) return head === null ? null : `${where} has no hash`;
  return event.hash === linkHash(head, event) ? null : `${where} does not fit its hash`;
}
