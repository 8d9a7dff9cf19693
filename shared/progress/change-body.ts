import { z } from 'zod';
import { changeStates } from '../change/state.ts';
import type { ChangeView, StoredEvent } from '../job/job-store.ts';
import { Stamp } from './stamp.ts';
import { waitingForOf } from './waiting-for.ts';

const Verdict = z.enum(['proved', 'latent', 'refuted']).nullable();
const Scalar = z.union([z.string(), z.number(), z.boolean()]);

/** A change as callers see it. */
export const ChangeBody = z
  .object({
    id: z.string().describe('`chg_` and a sortable id.'),
    jobId: z.string(),
    seq: z.int().describe('Place in the plan, from 0.'),
    regionId: z.string(),
    vpnConnectionId: z.string(),
    laneKey: z
      .string()
      .nullable()
      .describe(
        'What is busy during the change: `gateway:…` or `connection:…`; null until it is resolved.',
      ),
    state: z.enum(changeStates).describe('The last six are for good.'),
    waitingFor: z.string().nullable().describe('A sentence; null unless it waits.'),
    attempts: z.int().describe('Requests sent.'),
    verdict: Verdict.describe(
      'What the other side shows of the new values, the worst of its tunnels: `proved`, `latent` (an SA of before still stands, so that nobody can tell yet), `refuted`; null while nothing is asked.',
    ),
    tunnels: z
      .array(
        z.object({
          tunnelId: z.string(),
          role: z.string().nullable().describe('`master` or `slave`; null on attachments.'),
          index: z.int().nullable().describe('1 or 2 on attachments; null on a VPN gateway.'),
          state: z.string().describe('As last read: `active`, `updating`, …'),
          verdict: Verdict,
        }),
      )
      .nullable()
      .describe('Null for a single-tunnel connection, and until it is resolved.'),
    diff: z
      .array(
        z.object({
          path: z.string(),
          from: Scalar.nullable().describe(
            'Null when it is not known, `unknown` when no answer of the cloud holds it.',
          ),
          to: Scalar,
        }),
      )
      .describe('What it changes; keys as `***`.'),
    lastError: z
      .object({
        code: z.string(),
        class: z.string(),
        message: z.string(),
        requestId: z.string().nullable(),
      })
      .nullable(),
    startedAt: Stamp.nullable(),
    finishedAt: Stamp.nullable(),
  })
  .meta({ id: 'Change' });
export type ChangeBody = z.infer<typeof ChangeBody>;

/** One thing that happened to a change. */
const ChangeStepBody = z
  .object({
    number: z.int().describe('From 1, without gaps.'),
    at: Stamp,
    kind: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ChangeStep' });

/** A change with what happened to it, oldest first. */
export const ChangeDetail = ChangeBody.extend({ steps: z.array(ChangeStepBody) }).meta({
  id: 'ChangeDetail',
});
export type ChangeDetail = z.infer<typeof ChangeDetail>;

/** One page of changes. */
export const ChangeList = z
  .object({
    items: z.array(ChangeBody),
    nextCursor: z
      .string()
      .nullable()
      .describe('Give it as `cursor` for the next page; null at the end.'),
  })
  .meta({ id: 'ChangeList' });
export type ChangeList = z.infer<typeof ChangeList>;

/** A stored change as callers see it. */
export function changeBodyOf(change: ChangeView): ChangeBody {
  const { id, jobId, seq, regionId, vpnConnectionId, laneKey, state, attempts } = change;
  const { diff, verdict, lastError, startedAt, finishedAt } = change;
  return {
    id,
    jobId,
    seq,
    regionId,
    vpnConnectionId,
    laneKey,
    state,
    waitingFor: waitingForOf(change),
    attempts,
    verdict,
    tunnels: tunnelsOf(change),
    diff: [...diff],
    lastError,
    startedAt,
    finishedAt,
  };
}

function tunnelsOf({ tunnels }: ChangeView): ChangeBody['tunnels'] {
  if (tunnels.length === 0) return null;
  return tunnels.map(({ tunnelId, role, index, state, verdict }) => {
    return { tunnelId, role, index, state, verdict };
  });
}

/** A stored change and its journal as callers see them. */
export function changeDetailOf(change: ChangeView, events: readonly StoredEvent[]): ChangeDetail {
  const steps = events.map(({ number, at, kind, data }) => ({ number, at, kind, data }));
  return { ...changeBodyOf(change), steps };
}
