import { z } from 'zod';
import { wrappedKeyName } from '../../secret/keyring-store.ts';
import type { SealedPlace, SealedRow, SealedStore } from '../../secret/sealed-store.ts';
import type { Database, Row } from './database.ts';

const Envelopes = z.record(z.string(), z.string());
const KeyringRow = z.object({ name: z.string(), sealed: z.string() });
const IntentRow = z.object({ jobId: z.string(), number: z.number(), envelopes: Envelopes });
const ChangeRow = z.object({ changeId: z.string(), jobId: z.string(), envelopes: Envelopes });
const ScheduleRow = z.object({
  name: z.string(),
  index: z.number(),
  target: z.number().nullable(),
  envelopes: Envelopes,
});
const Id = z.object({ id: z.string() });

type Kind = SealedPlace['kind'];

/** How rows of a kind are found (`$1` prefix, `$2` limit, `$3…` the key before the first), read and replaced. */
interface SealedTable {
  find: string;
  keyOf(place: SealedPlace | null): readonly unknown[];
  rowOf(row: Row): SealedRow;
  replace: string;
}

/** Whether one of a row's envelopes begins otherwise. */
const otherwise = (column: string): string =>
  `EXISTS (SELECT FROM jsonb_each_text(${column}) e WHERE NOT starts_with(e.value, $1))`;

/** One of the columns in which changes hold sealed keys. */
function keysOfChanges(column: string, kind: 'change' | 'made' | 'previous'): SealedTable {
  return {
    find: `SELECT id AS "changeId", job_id AS "jobId", ${column} AS envelopes FROM lanekeeper.change
            WHERE id > $3 AND ${column} <> '{}' AND ${otherwise(column)}
            ORDER BY id LIMIT $2`,
    keyOf: (place) => [place && 'changeId' in place ? place.changeId : ''],
    rowOf: (row) => {
      const { envelopes, ...key } = ChangeRow.parse(row);
      return { place: { kind, ...key }, envelopes };
    },
    // Workers lock many changes in an order of their own: one that waits for none of them cannot be part of a deadlock.
    replace: `WITH r AS (
                SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("changeId" text, envelopes jsonb, by jsonb)),
              free AS (
                SELECT id FROM lanekeeper.change WHERE id IN (SELECT "changeId" FROM r) ORDER BY id FOR UPDATE SKIP LOCKED)
              UPDATE lanekeeper.change c SET ${column} = r.by FROM r JOIN free ON free.id = r."changeId"
               WHERE c.id = r."changeId" AND c.${column} = r.envelopes RETURNING c.id`,
  };
}

/** Every column of the schema that holds envelopes; a test compares it with the schema. */
const tables: Readonly<Record<Kind, SealedTable>> = {
  keyring: {
    find: `SELECT name, sealed FROM lanekeeper.keyring
            WHERE name > $3 AND NOT starts_with(sealed, $1) AND NOT starts_with(name, '${wrappedKeyName('')}')
            ORDER BY name LIMIT $2`,
    keyOf: (place) => [place?.kind === 'keyring' ? place.name : ''],
    rowOf: (row) => {
      const { name, sealed } = KeyringRow.parse(row);
      return { place: { kind: 'keyring', name }, envelopes: { '': sealed } };
    },
    replace: `UPDATE lanekeeper.keyring k SET sealed = r.by->>''
                FROM jsonb_to_recordset($1::jsonb) AS r(name text, envelopes jsonb, by jsonb)
               WHERE k.name = r.name AND k.sealed = r.envelopes->>'' RETURNING k.name`,
  },
  intent: {
    find: `SELECT job_id AS "jobId", number, sealed_keys AS envelopes FROM lanekeeper.intent
            WHERE (job_id, number) > ($3, $4::int) AND ${otherwise('sealed_keys')}
            ORDER BY job_id, number LIMIT $2`,
    keyOf: (place) => (place?.kind === 'intent' ? [place.jobId, place.number] : ['', 0]),
    rowOf: (row) => {
      const { envelopes, ...key } = IntentRow.parse(row);
      return { place: { kind: 'intent', ...key }, envelopes };
    },
    replace: `UPDATE lanekeeper.intent i SET sealed_keys = r.by
                FROM jsonb_to_recordset($1::jsonb) AS r("jobId" text, number int, envelopes jsonb, by jsonb)
               WHERE i.job_id = r."jobId" AND i.number = r.number AND i.sealed_keys = r.envelopes RETURNING i.number`,
  },
  change: keysOfChanges('sealed_base_keys', 'change'),
  made: keysOfChanges('sealed_made_keys', 'made'),
  previous: keysOfChanges('sealed_previous_keys', 'previous'),
  schedule: {
    find: `SELECT s.name, (e.number - 1)::int AS index, (e.sealed->>'target')::int AS target, e.sealed->'keys' AS envelopes
             FROM lanekeeper.schedule s
            CROSS JOIN LATERAL jsonb_array_elements(s.sealed_sets) WITH ORDINALITY AS e(sealed, number)
            WHERE (s.name, e.number) > ($3, $4::int + 1) AND ${otherwise("e.sealed->'keys'")}
            ORDER BY s.name, e.number LIMIT $2`,
    keyOf: (place) => (place?.kind === 'schedule' ? [place.name, place.index] : ['', 0]),
    rowOf: (row) => {
      const { envelopes, ...key } = ScheduleRow.parse(row);
      return { place: { kind: 'schedule', ...key }, envelopes };
    },
    replace: `UPDATE lanekeeper.schedule s SET sealed_sets = jsonb_set(s.sealed_sets, ARRAY[r.index::text, 'keys'], r.by)
                FROM jsonb_to_recordset($1::jsonb) AS r(name text, index int, envelopes jsonb, by jsonb)
               WHERE s.name = r.name AND s.sealed_sets->r.index->'keys' = r.envelopes RETURNING s.name`,
  },
};

/** What one statement replaces. The sets of a schedule share its row, which a statement writes once. */
function statementsOf<Value extends SealedPlace>(values: readonly Value[]): readonly Value[][] {
  if (values.length === 0) return [];
  return values[0]?.kind === 'schedule' ? values.map((value) => [value]) : [[...values]];
}

/** What is sealed, on PostgreSQL. */
export function createPgSealedStore(database: Database): SealedStore {
  return {
    async sealedOtherwise({ kind, sealedPrefix, after, limit }) {
      const { find, keyOf, rowOf } = tables[kind];
      const rows = await database.query(find, [sealedPrefix, limit, ...keyOf(after)]);
      return rows.map(rowOf);
    },
    async replace(rows) {
      let count = 0;
      const values = rows.map(({ place, envelopes, by }) => ({ ...place, envelopes, by }));
      for (const kind of ['keyring', 'intent', 'change', 'made', 'previous', 'schedule'] as const) {
        for (const some of statementsOf(values.filter((value) => value.kind === kind))) {
          count += (await database.query(tables[kind].replace, [JSON.stringify(some)])).length;
        }
      }
      return count;
    },
    async underWay(among) {
      const rows = await database.query(
        `SELECT id FROM lanekeeper.change
          WHERE (finished_at IS NULL OR EXISTS (
                  SELECT 1 FROM lanekeeper.lane l WHERE l.lane_key = 'change:' || change.id))
            AND (sealed_base_keys <> '{}' OR sealed_made_keys <> '{}' OR sealed_previous_keys <> '{}') AND ($1::text[] IS NULL OR id = ANY ($1::text[]))`,
        [among],
      );
      return rows.map((row) => Id.parse(row).id);
    },
  };
}
