import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Database, type Query, sqlStateOf } from '../../shared/adapters/postgres/database.ts';
import { AppError } from '../../shared/platform/errors.ts';

/** What a rejected promise was rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw new Error('expected an AppError', { cause: error });
}

/** Everything that an error, its causes and their fields could show to somebody. */
export function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const fields = Object.getOwnPropertyNames(error).map((name) => {
    const value: unknown = Reflect.get(error, name);
    return value instanceof Error ? everythingIn(value) : `${name}=${inspect(value)}`;
  });
  return fields.filter((field) => !field.startsWith('stack=')).join('\n');
}

const columns: [type: string, sql: string, value: unknown][] = [
  ['text', `'naïve "ö" \\ '''::text`, 'naïve "ö" \\ \''],
  ['int4', '(-2147483648)::int4', -2_147_483_648],
  ['int8', '9007199254740991::int8', Number.MAX_SAFE_INTEGER],
  ['count', '(SELECT count(*) FROM (VALUES (1), (2)) AS v)', 2],
  ['bool', 'false', false],
  ['float8', '0.1::float8', 0.1],
  ['numeric, as text', '12345678901234567890.10::numeric', '12345678901234567890.10'],
  [
    'timestamptz',
    `'2026-03-29 01:30:00.123456+02'::timestamptz`,
    new Date('2026-03-28T23:30:00.123Z'),
  ],
  ['timestamptz without fraction', `'2026-03-29Z'::timestamptz`, new Date('2026-03-29T00:00:00Z')],
  ['timestamptz infinity', `'infinity'::timestamptz`, Number.POSITIVE_INFINITY],
  ['date, as text', `'2026-03-29'::date`, '2026-03-29'],
  ['jsonb', `'{"a":[1,null,"ö"]}'::jsonb`, { a: [1, null, 'ö'] }],
  ['jsonb null', `'null'::jsonb`, null],
  ['json', `json_build_object('n', 1)`, { n: 1 }],
  ['bytea', `'\\x00ff10'::bytea`, Buffer.from([0, 255, 16])],
  ['null', 'NULL::text', null],
  ['void', 'pg_advisory_xact_lock(1)', ''],
  [
    'text[]',
    `ARRAY['a', '', 'NULL', 'b c', 'd,e', '{f}', 'g"h', 'i\\j', NULL]`,
    ['a', '', 'NULL', 'b c', 'd,e', '{f}', 'g"h', 'i\\j', null],
  ],
  ['empty text[]', `'{}'::text[]`, []],
  ['int4[]', 'ARRAY[1, NULL, 3]', [1, null, 3]],
  ['int8[]', 'ARRAY[1, 9007199254740991]::int8[]', [1, Number.MAX_SAFE_INTEGER]],
  ['bool[]', 'ARRAY[true, false]', [true, false]],
  ['timestamptz[]', `ARRAY['2026-03-29Z'::timestamptz]`, [new Date('2026-03-29T00:00:00Z')]],
  ['jsonb[]', `ARRAY['{"a":"b,\\"c"}'::jsonb]`, [{ a: 'b,"c' }]],
  ['bytea[]', `ARRAY['\\x00ff'::bytea]`, [Buffer.from([0, 255])]],
];

const parameters: [type: string, given: unknown, read: unknown][] = [
  ['text', 'it\'s "q" \\ ö', 'it\'s "q" \\ ö'],
  ['text', '', ''],
  ['text', null, null],
  ['text', undefined, null],
  ['text', 5, '5'],
  ['int4', 5, 5],
  ['int8', 9_007_199_254_740_991n, Number.MAX_SAFE_INTEGER],
  ['float8', 0.25, 0.25],
  ['bool', true, true],
  ['timestamptz', new Date('2026-03-29T01:02:03.004Z'), new Date('2026-03-29T01:02:03.004Z')],
  ['timestamptz', '2026-03-29T01:02:03.004Z', new Date('2026-03-29T01:02:03.004Z')],
  ['jsonb', '{"a":[1,"b"]}', { a: [1, 'b'] }],
  ['jsonb', '"text"', 'text'],
  ['bytea', Buffer.from([0, 255, 92]), Buffer.from([0, 255, 92])],
  ['bytea', new Uint8Array([1, 2]), Buffer.from([1, 2])],
  ['text[]', ['a', '', 'NULL', 'b"c\\', '{d}', null], ['a', '', 'NULL', 'b"c\\', '{d}', null]],
  ['text[]', [], []],
  ['int4[]', [1, 2], [1, 2]],
  ['bigint[]', [1, 2n, null], [1, 2, null]],
  ['bool[]', [true, false], [true, false]],
  ['timestamptz[]', [new Date(0)], [new Date(0)]],
  ['jsonb[]', ['{"a":1}'], [{ a: 1 }]],
];

function defineValueContract(database: Database): void {
  it.each(columns)('reads %s alike everywhere', async (_type, sql, value) => {
    const rows = await database.query(`SELECT ${sql} AS value, $1::int AS one`, [1]);

    expect(rows).toStrictEqual([{ value, one: 1 }]);
    expect(await database.query(`SELECT ${sql} AS value`)).toStrictEqual([{ value }]);
  });

  it.each(parameters)('takes a parameter as %s (%#)', async (type, given, read) => {
    expect(await database.query(`SELECT $1::${type} AS value`, [given])).toStrictEqual([
      { value: read },
    ]);
  });

  it('refuses an integer that a number cannot hold', async () => {
    const error = await failureOf(database.query('SELECT 9007199254740992::int8 AS value'));

    expect(error.code).toBe('internal');
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses an object as a parameter', async () => {
    expect((await failureOf(database.query('SELECT $1::jsonb', [{ a: 1 }]))).code).toBe('internal');
  });

  it('unnests arrays given side by side', async () => {
    const rows = await database.query(
      'SELECT * FROM unnest($1::text[], $2::bigint[], $3::jsonb[]) AS t(a, b, c)',
      [
        ['x', 'y'],
        [1, 2],
        ['{"k":1}', null],
      ],
    );

    expect(rows).toEqual([
      { a: 'x', b: 1, c: { k: 1 } },
      { a: 'y', b: 2, c: null },
    ]);
  });
}

function defineTransactionContract(database: Database): void {
  const names = async (query: Query): Promise<unknown[]> =>
    (await query('SELECT name FROM contract_row ORDER BY name')).map((row) => row.name);
  const insert = 'INSERT INTO contract_row (name) VALUES ($1)';

  it('keeps what a transaction wrote', async () => {
    const result = await database.transaction(async (query) => {
      await query(insert, ['a']);
      await query(insert, ['b']);
      return 'done';
    });

    expect(result).toBe('done');
    expect(await names(database.query)).toEqual(['a', 'b']);
  });

  it('rolls back and passes the error on when the work rejects', async () => {
    const reason = new AppError('not_found', 'not now');

    const work = database.transaction(async (query) => {
      await query(insert, ['a']);
      throw reason;
    });

    await expect(work).rejects.toBe(reason);
    expect(await names(database.query)).toEqual([]);
  });

  it('does not let a statement outside see or join an open transaction', async () => {
    const work = database.transaction(async (query) => {
      await query(insert, ['a']);
      await query('SELECT 1');
      await query(insert, ['b']);
    });
    const outside = names(database.query);

    await work;

    // A server answers at once, without the rows; the embedded database answers when the transaction has ended.
    expect([[], ['a', 'b']]).toContainEqual(await outside);
    expect(await names(database.query)).toEqual(['a', 'b']);
  });

  it('runs concurrent statements of one transaction in turn', async () => {
    const rows = await database.transaction((query) =>
      Promise.all([query(insert, ['a']), query('SELECT 1 AS n'), query('SELECT 2 AS n')]),
    );

    expect(rows).toEqual([[], [{ n: 1 }], [{ n: 2 }]]);
  });

  it('keeps nothing when a failed statement is passed over', async () => {
    const work = database.transaction(async (query) => {
      await query(insert, ['a']);
      await query('SELECT 1 / 0').catch(() => undefined);
    });

    expect((await failureOf(work)).code).toBe('internal');
    expect(await names(database.query)).toEqual([]);
  });

  it('commits with the last statements when it is told which those are', async () => {
    const rows = await database.transaction(async (query, commit) => {
      await query(insert, ['a']);
      const last = Promise.all([query(insert, ['b']), query('SELECT 1 AS n')]);
      commit();
      const late = await failureOf(query(insert, ['late']));
      expect(late.code).toBe('internal');
      return last;
    });

    expect(rows).toEqual([[], [{ n: 1 }]]);
    expect(await names(database.query)).toEqual(['a', 'b']);
  });

  it('keeps nothing when one of the last statements fails, and says which way', async () => {
    const work = database.transaction(async (query, commit) => {
      await query(insert, ['a']);
      const last = Promise.all([query(insert, ['b']), query(insert, ['a']), query(insert, ['c'])]);
      commit();
      await last;
    });

    expect(sqlStateOf(await failureOf(work))).toBe('23505');
    expect(await names(database.query)).toEqual([]);
  });

  it('runs the work again when the last statements are sacrificed to another transaction', async () => {
    let runs = 0;

    await database.transaction(async (query, commit) => {
      runs += 1;
      await query(insert, [`run ${runs}`]);
      const raise = `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$`;
      const last = query(runs < 3 ? raise : 'SELECT 1');
      commit();
      await last;
    });

    expect(await names(database.query)).toEqual(['run 3']);
  });

  it('refuses statements after the end of the transaction', async () => {
    let kept: Query | undefined;

    await database.transaction(async (query) => {
      kept = query;
    });

    expect((await failureOf(kept?.(insert, ['late']) ?? Promise.resolve())).code).toBe('internal');
    expect(await names(database.query)).toEqual([]);
  });

  it.each(['40001', '40P01'])('runs the work again after SQLSTATE %s', async (state) => {
    let runs = 0;

    await database.transaction(async (query) => {
      runs += 1;
      await query(insert, [`run ${runs}`]);
      if (runs < 3) await query(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '${state}'; END $$`);
    });

    expect(runs).toBe(3);
    expect(await names(database.query)).toEqual(['run 3']);
  });

  it('gives up after four runs', async () => {
    let runs = 0;

    const work = database.transaction(async (query) => {
      runs += 1;
      await query(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`);
    });

    expect((await failureOf(work)).code).toBe('unavailable');
    expect(runs).toBe(4);
  });
}

function defineErrorContract(database: Database): void {
  it('tells which constraint a statement hit, but not the value', async () => {
    await database.query(`INSERT INTO contract_row (name) VALUES ('hunter2')`);

    const error = await failureOf(
      database.query('INSERT INTO contract_row (name) VALUES ($1)', ['hunter2']),
    );

    expect(error.code).toBe('internal');
    expect(sqlStateOf(error)).toBe('23505');
    expect(everythingIn(error)).toContain('contract_row_pkey');
    expect(everythingIn(error)).not.toContain('hunter2');
  });

  it('does not repeat a value it cannot read', async () => {
    const error = await failureOf(database.query('SELECT $1::int', ['hunter2']));

    expect(sqlStateOf(error)).toBe('22P02');
    expect(everythingIn(error)).not.toContain('hunter2');
  });

  it('says what is wrong with a statement, without its text', async () => {
    const error = await failureOf(database.query('SELECT wrong, 4711 FROM contract_row'));

    expect(error.code).toBe('internal');
    expect(everythingIn(error)).toContain('column "wrong" does not exist');
    expect(everythingIn(error)).not.toContain('4711');
  });
}

/** What every Database promises. `database` is open while the tests run and nobody else uses it. */
export function defineDatabaseContract(database: Database): void {
  beforeEach(async () => {
    await database.script(`
      CREATE TABLE IF NOT EXISTS contract_row (name text PRIMARY KEY);
      DELETE FROM contract_row`);
  });

  describe('values', () => defineValueContract(database));
  describe('transactions', () => defineTransactionContract(database));
  describe('errors', () => defineErrorContract(database));

  it('runs a script as one, or not at all', async () => {
    const script = `INSERT INTO contract_row VALUES ('a'); INSERT INTO contract_row VALUES ('a')`;

    expect(sqlStateOf(await failureOf(database.script(script)))).toBe('23505');
    expect(await database.query('SELECT * FROM contract_row')).toEqual([]);
  });
}
