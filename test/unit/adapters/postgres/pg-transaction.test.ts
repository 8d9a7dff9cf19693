import { describe, expect, it } from 'vitest';
import { toDatabaseError } from '../../../../shared/adapters/postgres/database.ts';
import {
  runTransaction,
  type Session,
} from '../../../../shared/adapters/postgres/pg-transaction.ts';

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED';
const cancelled = toDatabaseError({ severity: 'ERROR', code: '57014', message: 'cancelled' });
const gone = toDatabaseError(new Error('Connection terminated unexpectedly'));

/** A session that answers what comes to the server one after the other, and tells what came. */
function aSession(answers: Readonly<Record<string, Error>> = {}, reused = false) {
  const told: string[] = [];
  const session: Session = {
    reused,
    run: async (text) => {
      told.push(text);
      await Promise.resolve();
      told.push(`answered ${text}`);
      const failure = answers[text];
      if (failure) throw failure;
      return [];
    },
    release: (isBroken) => told.push(isBroken ? 'closed' : 'given back'),
  };
  return { session, told };
}

describe('a transaction on a connection', () => {
  it('sends reads along with BEGIN, and COMMIT along with what it is told to be the last', async () => {
    const { session, told } = aSession();

    await runTransaction(
      async () => session,
      async (query, commit) => {
        await query('SELECT 1 FOR UPDATE');
        const last = query('UPDATE a');
        commit();
        await last;
      },
    );

    expect(told).toEqual([
      begin,
      'SELECT 1 FOR UPDATE',
      `answered ${begin}`,
      'answered SELECT 1 FOR UPDATE',
      'UPDATE a',
      'COMMIT',
      'answered UPDATE a',
      'answered COMMIT',
      'given back',
    ]);
  });

  it('lets nothing that writes go before BEGIN was answered, nor what comes after that', async () => {
    const { session, told } = aSession();

    await runTransaction(
      async () => session,
      (query) => Promise.all([query('UPDATE a'), query('SELECT 1'), query('UPDATE b')]),
    );

    expect(told.filter((text) => !text.startsWith('answered'))).toEqual([
      begin,
      'UPDATE a',
      'SELECT 1',
      'UPDATE b',
      'COMMIT',
      'given back',
    ]);
    expect(told.indexOf(`answered ${begin}`)).toBeLessThan(told.indexOf('UPDATE a'));
  });

  it('does nothing when it cannot begin', async () => {
    const { session, told } = aSession({ [begin]: cancelled }, true);

    const work = runTransaction(
      async () => session,
      async (query, commit) => {
        await query('SELECT 1');
        const last = query('UPDATE a');
        commit();
        await last;
      },
    );

    await expect(work).rejects.toBe(cancelled);
    expect(told).not.toContain('UPDATE a');
    expect(told).not.toContain('COMMIT');
    expect(told.at(-1)).toBe('closed');
  });

  it.each([
    ['runs on another connection', true, 2],
    ['is unavailable, where the connection is new,', false, 1],
  ])('%s when the first is dead', async (_, reused, checkedOut) => {
    const dead = aSession({ [begin]: gone, 'SELECT 1': gone }, reused);
    const alive = aSession();
    const sessions = [dead.session, alive.session];
    let taken = 0;

    const work = runTransaction(
      async () => sessions[taken++] ?? alive.session,
      (query) => query('SELECT 1'),
    );

    await (reused ? work : expect(work).rejects.toBe(gone));
    expect(taken).toBe(checkedOut);
    expect(dead.told.at(-1)).toBe('closed');
  });

  it.each([
    ['is rolled back', false, 'given back'],
    ['was committed already, or not', true, 'given back'],
  ])('tells what failed, whether it %s', async (_, isLast, end) => {
    const { session, told } = aSession({ 'UPDATE a': cancelled });

    const work = runTransaction(
      async () => session,
      async (query, commit) => {
        await query('SELECT 1');
        const last = query('UPDATE a');
        if (isLast) commit();
        await last;
      },
    );

    await expect(work).rejects.toBe(cancelled);
    expect(told.includes('ROLLBACK')).toBe(!isLast);
    expect(told.at(-1)).toBe(end);
  });
});
