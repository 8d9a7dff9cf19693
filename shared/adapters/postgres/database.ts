import { AppError } from '../../platform/errors.ts';

/** A row as the driver gives it; stores parse what they need. `columnParser` says what each type becomes. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Runs one statement with `$1…` parameters and gives its rows. Without `values` the text may hold several statements,
 * which run as one; the rows are those of the last. `toParameter` says what a value may be; JSON goes as text, `$1::jsonb`.
 */
export type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * The work of a transaction. With `commit` it may say that the statements it has given are the last, so that COMMIT need not wait for
 * their answers; nothing but these may fail after that. Unless it does, the transaction is committed when it resolves.
 */
export type Work<Result> = (query: Query, commit: () => void) => Promise<Result>;

/**
 * A PostgreSQL, served by `pg` or embedded. No session state: nothing that a transaction-mode pooler would break
 * (no SET, LISTEN, named statements or session locks).
 */
export interface Database {
  /** `postgres` for a server, `embedded` for the in-process one; decides how long statements gather. */
  kind: 'postgres' | 'embedded';
  /**
   * One statement, its own transaction. Raises `unavailable` when the server cannot be reached; if the connection broke
   * while the statement was under way, it may have run.
   */
  query: Query;
  /**
   * Several statements in one transaction, READ COMMITTED; rolled back when `work` rejects.
   * Statements run in the order in which they are given; one that needs no answer of the one before need not wait for it.
   * After a deadlock or serialization failure `work` runs again, up to three times, and so it does on another connection when one
   * turns out dead before anything was done, so it must have no other effects.
   * Inside, only the given `query` may be used. Raises `unavailable` when the connection breaks; at COMMIT that leaves
   * the outcome unknown.
   */
  transaction<Result>(work: Work<Result>): Promise<Result>;
  /** Several statements without parameters (migrations). */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

/** What the server or the network said about a failure, reduced to what cannot hold a value, an address or SQL. */
class DatabaseFault extends Error {
  readonly sqlState: string | undefined;
  readonly constraint: string | undefined;
  /** Whether the connection is of no more use. */
  readonly endsSession: boolean;

  constructor(
    message: string,
    facts: { sqlState?: string; constraint?: string | undefined; endsSession: boolean },
  ) {
    super(message);
    this.name = 'DatabaseFault';
    this.sqlState = facts.sqlState;
    this.constraint = facts.constraint;
    this.endsSession = facts.endsSession;
  }
}

/** The SQLSTATE behind an error that a Database raised; undefined when the server had no part in it. */
export function sqlStateOf(error: unknown): string | undefined {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof DatabaseFault ? cause.sqlState : undefined;
}

/** Whether a connection that raised this is of no more use. */
export function endsSession(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof DatabaseFault && cause.endsSession;
}

/** Whether the server rolled the transaction back for another's sake, so that running it again is right. */
function isRetryable(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '40001' || state === '40P01';
}

/** How often a statement or transaction is run in all when the server sacrifices it. */
const maxRuns = 4;

/** Runs `attempt` again while the server sacrifices it to another transaction. */
export async function withRetries<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let run = 1; ; run += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (run >= maxRuns || !isRetryable(error)) throw error;
    }
  }
}

/**
 * A transaction's `query`: statements run in the order in which they were given, and none once it was closed; `end` closes it and
 * waits for all. `run` keeps the order; it is given each statement at once, so that a driver can send several in one go.
 */
export function createTransactionQuery(run: Query): {
  query: Query;
  close(): void;
  end(): Promise<void>;
} {
  const open = new Set<Promise<unknown>>();
  let isOpen = true;
  const query: Query = (text, values) => {
    if (!isOpen) return Promise.reject(new AppError('internal', 'the transaction has ended'));
    const rows = run(text, values);
    open.add(rows);
    const forget = (): void => {
      open.delete(rows);
    };
    rows.then(forget, forget);
    return rows;
  };
  const close = (): void => {
    isOpen = false;
  };
  const end = async (): Promise<void> => {
    close();
    await Promise.allSettled([...open]);
  };
  return { query, close, end };
}

/** Out of reach, out of resources, shutting down, refusing the login, read-only after a failover, cancelled by a timeout. */
const unavailableStates = /^(08|28|3D|53|57|58|25006|40001|40P01|F0)/;

/** Messages of these classes quote the offending value. */
const quotingStates = /^(22|23)/;

/** Texts of `pg` and PGlite for broken connections: all they say, and free of addresses. */
const connectionTexts = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Cannot use a pool after calling end on the pool',
  'The server does not support SSL connections',
  'PGlite is closed',
  'PGlite is closing',
]);

function textField(error: unknown, name: string): string | undefined {
  const value: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function connectionFault(error: unknown): DatabaseFault {
  const message = textField(error, 'message') ?? '';
  const known = connectionTexts.has(message) ? message : undefined;
  const name = textField(error, 'code') ?? known ?? textField(error, 'name') ?? 'unknown fault';
  return new DatabaseFault(`connection: ${name}`, { endsSession: true });
}

/**
 * A driver's error as an AppError: `unavailable` for whatever passes by itself or with an operator's help, `internal`
 * for a statement that the server refused. Its cause is a DatabaseFault; neither shows parameters, SQL, host or login.
 */
export function toDatabaseError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const severity = textField(error, 'severity');
  const state = textField(error, 'code');
  if (severity === undefined || state === undefined) {
    const cause = connectionFault(error);
    return new AppError('unavailable', 'the database cannot be reached now', { cause });
  }
  const constraint = textField(error, 'constraint');
  const login = /^(28|3D)/.test(state);
  const said = quotingStates.test(state) || login ? undefined : textField(error, 'message');
  const about = constraint === undefined ? '' : ` of constraint ${constraint}`;
  const isFatal = severity === 'FATAL' || severity === 'PANIC';
  const cause = new DatabaseFault(
    `SQLSTATE ${state}${about}${said === undefined ? '' : `: ${said}`}`,
    { sqlState: state, constraint, endsSession: isFatal },
  );
  if (unavailableStates.test(state) || isFatal) {
    return new AppError('unavailable', 'the database cannot answer now', { cause });
  }
  return new AppError('internal', `the database refused a statement (${state})`, { cause });
}

type Parse = (text: string) => unknown;

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new AppError('internal', 'a 64-bit integer of the database is out of range');
  }
  return value;
}

function parseInstant(text: string): Date | number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  const date = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(date.getTime())) {
    throw new AppError('internal', 'a time of the database cannot be read');
  }
  return date;
}

/** By type oid: bool, bytea, int8, int2, int4, json, oid, float4, float8, timestamptz, jsonb. */
const elementParsers = new Map<number, Parse>([
  [16, (text) => text === 't'],
  [17, (text) => Buffer.from(text.slice(2), 'hex')],
  [20, parseInt8],
  [21, Number],
  [23, Number],
  [114, (text): unknown => JSON.parse(text)],
  [26, Number],
  [700, Number],
  [701, Number],
  [1184, parseInstant],
  [3802, (text): unknown => JSON.parse(text)],
]);

/** Array oid → element oid: of the above, text, varchar, numeric and uuid. */
const arrayElements = new Map<number, number>([
  [1000, 16],
  [1001, 17],
  [1016, 20],
  [1005, 21],
  [1007, 23],
  [199, 114],
  [1028, 26],
  [1021, 700],
  [1022, 701],
  [1185, 1184],
  [3807, 3802],
  [1009, 25],
  [1015, 1043],
  [1231, 1700],
  [2951, 2950],
]);

/** Reads the text form of a one-dimensional array: `{a,"b c",NULL}`. */
function parseArray(text: string, parse: Parse): unknown[] {
  const body = text.slice(1, -1);
  if (!text.startsWith('{') || body.startsWith('{')) {
    throw new AppError('internal', 'only one-dimensional arrays can be read from the database');
  }
  const items: unknown[] = [];
  const item = /"((?:[^"\\]|\\.)*)"|([^,]+)/gs;
  for (const [, quoted, plain] of body.matchAll(item)) {
    if (quoted !== undefined) items.push(parse(quoted.replace(/\\(.)/gs, '$1')));
    else if (plain !== undefined) items.push(plain === 'NULL' ? null : parse(plain));
  }
  return items;
}

/**
 * How a column of this type oid is read from its text form, alike for every driver: int2, int4, int8 (raises `internal`
 * beyond 2^53), float4 and float8 → number; bool → boolean; json and jsonb → parsed; timestamptz → Date (to the
 * millisecond; ±Infinity); bytea → Buffer; one-dimensional arrays of these and of text → array. Anything else, numeric
 * and date among it, stays the text the server wrote.
 */
export function columnParser(oid: number): Parse {
  const element = arrayElements.get(oid);
  if (element === undefined) return elementParsers.get(oid) ?? ((text) => text);
  const parse = columnParser(element);
  return (text) => parseArray(text, parse);
}

function arrayItem(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(arrayItem).join(',')}}`;
  const text = toParameter(value);
  return text === null ? 'NULL' : `"${text.replace(/(["\\])/g, '\\$1')}"`;
}

/**
 * A parameter in its text form, alike for every driver: text, numbers, bigints, booleans, Dates, bytes, null (undefined
 * too) and arrays of these. Raises `internal` for an object, because JSON must be passed as text.
 */
export function toParameter(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return arrayItem(value);
  throw new AppError('internal', 'a parameter has no text form, pass JSON as text');
}
