import { z } from 'zod';
import type { Lease } from '../../lane/lane-store.ts';
import type { JobCard, Notice, NoticeStore } from '../../notice/notice-store.ts';
import { noticeOnLane } from '../../notice/notice-store.ts';
import { chatPlatforms } from '../../platform/config/chat.ts';
import { forgetCards, learnedOrigin } from './chat-store.ts';
import type { Database } from './database.ts';
import { BigInteger, Timestamp } from './rows.ts';

const NoticeRow = z.object({
  number: BigInteger,
  kind: z.string(),
  jobId: z.string().nullable(),
  at: Timestamp,
  data: z.unknown(),
  told: z.array(z.string()),
  attempts: z.number(),
  ageMs: z.coerce.number(),
}) satisfies z.ZodType<Notice>;

const CardRow = z
  .object({
    number: BigInteger,
    platform: z.enum(chatPlatforms),
    room: z.string(),
    origin: z.string().nullable(),
    message: z.string().nullable(),
    shown: z.string().nullable(),
  })
  .transform(({ platform, room, ...card }): JobCard => ({ ...card, room: { platform, id: room } }));

const cardColumns = 'number, platform, room, origin, message, shown';

/** Notices on PostgreSQL; migration 0012 has who writes them. */
export function createPgNoticeStore({ query }: Database): NoticeStore {
  return {
    async listenFor(kinds) {
      await query(
        `INSERT INTO lanekeeper.notified AS n (name, kinds) VALUES ('configuration', $1)
         ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds WHERE n.kinds <> excluded.kinds`,
        [[...kinds].sort()],
      );
    },
    async get({ laneKey }: Lease) {
      const [row] = await query(
        `SELECT number, kind, job_id AS "jobId", at, data, told, attempts,
                extract(epoch FROM lanekeeper.now() - at) * 1000 AS "ageMs"
           FROM lanekeeper.notice WHERE number = $1`,
        [noticeOnLane(laneKey)],
      );
      return row === undefined ? null : NoticeRow.parse(row);
    },
    async settle({ laneKey, epoch }) {
      const rows = await query(
        `WITH l AS (DELETE FROM lanekeeper.lane WHERE lane_key = $1 AND epoch = $2 RETURNING lane_key),
              n AS (DELETE FROM lanekeeper.notice WHERE number = $3 AND EXISTS (SELECT FROM l))
         SELECT lane_key FROM l`,
        [laneKey, epoch, noticeOnLane(laneKey)],
      );
      return rows.length > 0;
    },
    async putOff({ laneKey, epoch }, { told, data, counts, dueInMs }) {
      await query(
        `WITH l AS (UPDATE lanekeeper.lane SET worker = NULL, due_at = lanekeeper.now() + $4 * interval '1 millisecond'
                     WHERE lane_key = $1 AND epoch = $2 RETURNING lane_key)
         UPDATE lanekeeper.notice SET told = $5, attempts = attempts + $6, data = coalesce($7::jsonb, data)
          WHERE number = $3 AND EXISTS (SELECT FROM l)`,
        [
          laneKey,
          epoch,
          noticeOnLane(laneKey),
          dueInMs,
          told,
          counts ? 1 : 0,
          data === undefined ? null : JSON.stringify(data),
        ],
      );
    },
    async cardsOf(jobId) {
      const rows = await query(
        `SELECT ${cardColumns} FROM lanekeeper.chat_card WHERE job_id = $1 ORDER BY number`,
        [jobId],
      );
      return rows.map((row) => CardRow.parse(row));
    },
    async addCard(jobId, { platform, id }) {
      await query(
        `WITH gone AS (${forgetCards})
         INSERT INTO lanekeeper.chat_card (job_id, platform, room, origin, created_at)
         VALUES ($1, $2, $3, ${learnedOrigin}, lanekeeper.now()) ON CONFLICT DO NOTHING`,
        [jobId, platform, id],
      );
    },
    async takeCard(number, forMs) {
      const [row] = await query(
        `UPDATE lanekeeper.chat_card SET sending_until = lanekeeper.now() + $2 * interval '1 millisecond'
          WHERE number = $1 AND (sending_until IS NULL OR sending_until <= lanekeeper.now())
          RETURNING ${cardColumns}`,
        [number, forMs],
      );
      return row === undefined ? null : CardRow.parse(row);
    },
    async giveCard(number, { message, shown }) {
      await query(
        `UPDATE lanekeeper.chat_card SET sending_until = NULL, message = $2, shown = $3 WHERE number = $1`,
        [number, message, shown],
      );
    },
  };
}
