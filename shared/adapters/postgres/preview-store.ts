import { z } from 'zod';
import { PreviewRequest } from '../../preview/preview-request.ts';
import { keptMs, type PreviewStore } from '../../preview/preview-store.ts';
import type { Database } from './database.ts';

const PreviewRow = z.object({ request: PreviewRequest, ageMs: z.coerce.number() });

/** Waiting previews on PostgreSQL. Those that are over go when the next one comes. */
export function createPgPreviewStore({ query }: Database): PreviewStore {
  return {
    async put(id, request) {
      await query(
        `WITH gone AS (
           DELETE FROM lanekeeper.preview WHERE created_at <= lanekeeper.now() - $3 * interval '1 millisecond')
         INSERT INTO lanekeeper.preview (id, created_at, request) VALUES ($1, lanekeeper.now(), $2::jsonb)`,
        [id, JSON.stringify(request), keptMs],
      );
    },
    async get(id) {
      const [row] = await query(
        `SELECT request, extract(epoch FROM lanekeeper.now() - created_at) * 1000 AS "ageMs" FROM lanekeeper.preview
          WHERE id = $1 AND created_at > lanekeeper.now() - $2 * interval '1 millisecond'`,
        [id, keptMs],
      );
      return row ? PreviewRow.parse(row) : null;
    },
  };
}
