import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ChatStore, JobOutline } from '../../chat/chat-store.ts';
import type { Database } from './database.ts';
import { holdsChange } from './freeze-store.ts';
import { settleKind, settleMsOf } from './queue-place.ts';
import { Timestamp } from './rows.ts';

const OutlineRow = z.object({
  lanes: z.coerce.number(),
  longestLane: z.coerce.number(),
  refused: z.coerce.number(),
  acceptsOutage: z.boolean(),
  maxInFlight: z.number(),
  settleMs: z.coerce.number().nullable(),
  warnings: z.array(z.object({ code: z.string(), count: z.number(), first: z.string() })),
  frozen: z
    .object({ scope: z.string(), until: Timestamp, reason: z.string(), count: z.number() })
    .nullable(),
}) satisfies z.ZodType<JobOutline>;

const isKindOfJob = `t.labels->>'of' IN (SELECT ${settleKind} FROM lanekeeper.change c WHERE c.job_id = j.id)`;
const SettleRow = z.object({ settleMs: z.coerce.number().nullable() });

/** What is over goes with what comes, a few rows at a time and never waited for. */
const forget = (table: string, isOver: string): string => `
  DELETE FROM lanekeeper.${table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM lanekeeper.${table} WHERE ${isOver} LIMIT 100 FOR UPDATE SKIP LOCKED))`;

/** Where the API was last asked. A request of DingTalk's may be forged: what it was sent to is no address to send others to. */
export const learnedOrigin = `(
  SELECT origin FROM lanekeeper.chat_card WHERE origin IS NOT NULL AND platform <> 'dingtalk'
   ORDER BY number DESC LIMIT 1)`;

const isOverCard = `created_at < lanekeeper.now() - interval '90 days'`;

/** Cards are forgotten by whoever adds one. */
export const forgetCards = forget('chat_card', isOverCard);

const isOverEvent = `at < lanekeeper.now() - interval '1 day'`;
const isOverCode = 'expires_at < lanekeeper.now()';

/** What chats remember, on PostgreSQL. */
export function createPgChatStore(database: Database): ChatStore {
  const { query } = database;
  return {
    async isNew(platform, eventId) {
      const rows = await query(
        `WITH gone AS (${forget('chat_event', isOverEvent)})
         INSERT INTO lanekeeper.chat_event (platform, id, at) VALUES ($1, $2, lanekeeper.now())
         ON CONFLICT DO NOTHING RETURNING id`,
        [platform, hashOf(eventId)],
      );
      return rows.length > 0;
    },
    async follow(jobId, room, origin) {
      await query(
        `WITH gone AS (${forgetCards}), card AS (
           INSERT INTO lanekeeper.chat_card (job_id, platform, room, origin, created_at)
           VALUES ($1, $2, $3, coalesce($4, ${learnedOrigin}), lanekeeper.now())
           ON CONFLICT DO NOTHING RETURNING job_id)
         SELECT lanekeeper.add_notice('card', card.job_id, '{}') FROM card`,
        [jobId, room.platform, room.id, origin],
      );
    },
    async leave({ kind, ...data }) {
      await query('SELECT lanekeeper.add_notice($1, NULL, $2::jsonb)', [
        kind,
        JSON.stringify(data),
      ]);
    },
    async addCode(code, { jobId, digest }) {
      await query(
        `WITH gone AS (${forget('chat_code', isOverCode)})
         INSERT INTO lanekeeper.chat_code (hash, job_id, digest, expires_at)
         VALUES ($1, $2, $3, lanekeeper.now() + interval '7 days')`,
        [hashOf(code), jobId, digest],
      );
    },
    async digestOfCode(code, { jobId, actor }) {
      const [row] = await query(
        `SELECT digest FROM lanekeeper.chat_code
          WHERE hash = $1 AND job_id = $2 AND expires_at > lanekeeper.now() AND NOT $3 = ANY (spent_by)`,
        [hashOf(code), jobId, actor],
      );
      return row === undefined ? null : String(row.digest);
    },
    async spendCode(code, actor) {
      await query(
        `UPDATE lanekeeper.chat_code SET spent_by = array_append(spent_by, $2)
          WHERE hash = $1 AND NOT $2 = ANY (spent_by)`,
        [hashOf(code), actor],
      );
    },
    async settleMs() {
      const [row] = await query(`SELECT ${settleMsOf('true')} AS "settleMs"`);
      return SettleRow.parse(row).settleMs;
    },
    async outline(jobId) {
      const [row] = await query(
        `SELECT count(l.changes) AS lanes, coalesce(max(l.changes), 0) AS "longestLane",
                (SELECT count(*) FROM lanekeeper.change c
                  WHERE c.job_id = j.id AND c.state = 'failed' AND c.last_error->>'class' = 'refused') AS refused,
                EXISTS (SELECT FROM lanekeeper.intent i WHERE i.job_id = j.id AND i.accept_outage) AS "acceptsOutage",
                j.max_in_flight AS "maxInFlight", ${settleMsOf(isKindOfJob)} AS "settleMs",
                (SELECT coalesce(json_agg(w ORDER BY w.count DESC, w.code), '[]') FROM (
                   SELECT code, count(*)::int AS count, (array_agg(c.vpn_connection_id ORDER BY c.seq))[1] AS first
                     FROM lanekeeper.change c, unnest(c.warnings) AS code WHERE c.job_id = j.id GROUP BY code) AS w) AS warnings,
                (SELECT json_build_object('scope', f.scope, 'until', f.until, 'reason', f.reason, 'count', count(*)::int)
                   FROM lanekeeper.freeze f JOIN lanekeeper.change c ON ${holdsChange}
                  WHERE c.job_id = j.id AND c.state = 'queued' AND j.finished_at IS NULL
                  GROUP BY f.name ORDER BY count(*) DESC, f.until DESC, f.name LIMIT 1) AS frozen
           FROM lanekeeper.job j
           LEFT JOIN LATERAL (SELECT count(*) AS changes FROM lanekeeper.change c
                               WHERE c.job_id = j.id AND c.lane_key IS NOT NULL GROUP BY c.lane_key) AS l ON true
          WHERE j.id = $1 GROUP BY j.id`,
        [jobId],
      );
      return row === undefined ? null : OutlineRow.parse(row);
    },
  };
}

/** Ids are as long as platforms like, and codes are not to be read by whoever reads the database. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
