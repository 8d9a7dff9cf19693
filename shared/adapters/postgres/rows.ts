import { z } from 'zod';
import { verdicts } from '../../change/handover.ts';
import type { ChangeRecord } from '../../change/record.ts';
import { changeStates, changeSteps } from '../../change/state.ts';
import { attachTypes, tunnelRoles } from '../../connection/model.ts';
import { tunnelProofs } from '../../connection/tunnel-proof.ts';
import { type FieldValues, isValuePath } from '../../connection/values.ts';
import type { Hold } from '../../job/hold.ts';
import { refutedLater } from '../../job/outcome.ts';
import type { JobRecord, StoredIntent } from '../../job/record.ts';
import { jobStates } from '../../job/state.ts';
import { HandoverRow } from './handover-row.ts';

/** A timestamp as ISO 8601 UTC, however the driver gives it. */
export const Timestamp = z
  .union([z.date(), z.string()])
  .transform((value) => new Date(value).toISOString());

/** A bigint, which drivers give as text when they are careful. */
export const BigInteger = z.coerce.number().int();

const Scalar = z.union([z.string(), z.number(), z.boolean()]);

const ChangeErrorRow = z.object({
  code: z.string(),
  class: z.enum([
    'busy',
    'throttled',
    'unknown_fate',
    'not_sent',
    'invalid',
    'quota',
    'locked',
    'permission',
    'credentials',
    'not_found',
    'changed_elsewhere',
    'base_moved',
    'not_applied',
    'timeout',
    'tunnel_down',
    'window_closed',
    'handover',
    'refused',
  ]),
  message: z.string(),
  requestId: z.string().nullable(),
});

/** The columns of a change, for every statement that gives whole changes. `c` is the table's alias. */
export const changeColumns = `
  c.id, c.job_id AS "jobId", c.seq, c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId",
  c.lane_key AS "laneKey", c.attach_type AS "attachType", c.state, c.step, c.attempts, c.refusals, c.diff, c.base,
  c.sealed_base_keys AS "sealedBaseKeys", c.sealed_made_keys AS "sealedMadeKeys",
  c.sealed_previous_keys AS "sealedPreviousKeys", c.handover, c.verdict, c.tunnels, c.part, c.settled_attempts AS "settledAttempts",
  c.request_digest AS "requestDigest", c.client_token AS "clientToken",
  c.result_fingerprint AS "resultFingerprint", c.last_error AS "lastError", c.started_at AS "startedAt",
  c.sent_at AS "sentAt", c.part_applied_at AS "partAppliedAt", c.finished_at AS "finishedAt"`;

const SealedKeysRow = z.record(z.string(), z.string());

const TunnelRow = z.object({
  tunnelId: z.string(),
  role: z.enum(tunnelRoles).nullable(),
  index: z.number().nullable(),
  state: z.string(),
  negotiation: z.string().nullable(),
  wasUp: z.boolean().nullable(),
  // Changes that were stored by earlier versions have none.
  downSince: z.string().nullable().default(null),
  // Tunnels that were stored before there were verdicts have none.
  verdict: z.enum(verdicts).nullable().default(null),
});

/** A change as {@link changeColumns} gives it. */
export const ChangeRow = z.object({
  id: z.string(),
  jobId: z.string(),
  seq: z.number(),
  regionId: z.string(),
  vpnConnectionId: z.string(),
  laneKey: z.string().nullable(),
  attachType: z.enum(attachTypes).nullable(),
  state: z.enum(changeStates),
  step: z.enum(changeSteps).nullable(),
  attempts: z.number(),
  refusals: z.number(),
  diff: z.array(z.object({ path: z.string(), from: Scalar.nullable(), to: Scalar })),
  base: z.record(z.string(), Scalar).nullable(),
  sealedBaseKeys: SealedKeysRow,
  sealedMadeKeys: SealedKeysRow,
  sealedPreviousKeys: SealedKeysRow,
  handover: HandoverRow,
  verdict: z.enum(verdicts).nullable(),
  tunnels: z.array(TunnelRow),
  part: z.string().nullable(),
  settledAttempts: z.number(),
  requestDigest: z.string().nullable(),
  clientToken: z.string().nullable(),
  resultFingerprint: z.string().nullable(),
  lastError: ChangeErrorRow.nullable(),
  startedAt: Timestamp.nullable(),
  sentAt: Timestamp.nullable(),
  partAppliedAt: Timestamp.nullable(),
  finishedAt: Timestamp.nullable(),
}) satisfies z.ZodType<ChangeRecord>;

const FieldsRow = z.record(z.string(), Scalar).transform((stored): FieldValues => {
  const known = Object.entries(stored).filter(([path]) => isValuePath(path));
  return Object.fromEntries(known);
});

/** The columns of an intent; `i` is the table's alias. */
export const intentColumns = `
  i.number, i.fields, i.sealed_keys AS "sealedKeys", i.key_digests AS "keyDigests", i.accept_outage AS "acceptOutage",
  i.rotate_psk AS "rotatePsk", i.tunnel_proof AS "tunnelProof", i.expected`;

/** An intent as {@link intentColumns} gives it. */
export const IntentRow = z.object({
  number: z.number(),
  fields: FieldsRow,
  sealedKeys: SealedKeysRow,
  keyDigests: z.record(z.string(), z.string()),
  rotatePsk: z.number().nullable(),
  acceptOutage: z.boolean(),
  tunnelProof: z.enum(tunnelProofs),
  expected: z.record(z.string(), Scalar).nullable(),
}) satisfies z.ZodType<StoredIntent>;

/** How many changes of a job are in each state; `j` is the table's alias. */
export const countsColumn = `
  json_build_object(${changeStates.map((state) => `'${state}', j.${state}`).join(', ')}) AS counts`;

/** What job `j` waits for before it takes its place. */
export const holdColumn = `
  CASE j.state
    WHEN 'awaiting_approval' THEN json_build_object(
      'kind', 'approval', 'required', j.approvals_required, 'until', j.approve_by, 'given', (
        SELECT coalesce(json_agg(a.actor ORDER BY a.given_at, a.actor), '[]') FROM lanekeeper.approval a
         WHERE a.job_id = j.id AND a.digest = j.plan_digest AND a.given_at IS NOT NULL))
    WHEN 'waiting_for_window' THEN json_build_object('kind', 'window', 'until', j.not_before)
  END`;

/** A hold as {@link holdColumn} gives it. */
export const HoldRow = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('approval'),
    required: z.number(),
    given: z.array(z.string()),
    until: Timestamp,
  }),
  z.object({ kind: z.literal('window'), until: Timestamp }),
]) satisfies z.ZodType<Hold>;

/** Why job `j` is as it is, with what is known of it since it ended. */
const reasonColumn = `
  nullif(concat_ws('; ', coalesce(j.pause_reason, j.reason),
                   CASE WHEN j.refuted > 0 THEN j.refuted || '${refutedLater}' END), '')`;

/** The columns of a job; `j` is the table's alias. */
export const jobColumns = `
  j.id, j.position, j.title, j.state, j.created_at AS "createdAt", j.created_by AS "createdBy",
  j.started_at AS "startedAt", j.finished_at AS "finishedAt", j.plan_digest AS "planDigest", j.total,
  ${reasonColumn} AS reason, ${holdColumn} AS hold,
  j.schedule_name AS "scheduleName", j.retry_of AS "retryOf", j.rollback_of AS "rollbackOf",
  ${countsColumn}`;

/** A job as {@link jobColumns} gives it. */
export const JobRow = z.object({
  id: z.string(),
  position: BigInteger,
  title: z.string(),
  state: z.enum(jobStates),
  createdAt: Timestamp,
  createdBy: z.string(),
  startedAt: Timestamp.nullable(),
  finishedAt: Timestamp.nullable(),
  planDigest: z.string().nullable(),
  total: z.number().nullable(),
  reason: z.string().nullable(),
  hold: HoldRow.nullable(),
  scheduleName: z.string().nullable(),
  retryOf: z.string().nullable(),
  rollbackOf: z.string().nullable(),
  counts: z.record(z.enum(changeStates), z.number()),
}) satisfies z.ZodType<JobRecord>;
