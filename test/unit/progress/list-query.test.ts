import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorOf, pageOf } from '../../../shared/platform/http/paging.ts';
import { parseQuery } from '../../../shared/platform/http/query.ts';
import { ChangeQuery, JobQuery } from '../../../shared/progress/list-query.ts';

const query = (text: string) => parseQuery(new URL(`http://x/?${text}`), JobQuery);

describe('list queries', () => {
  it('have defaults', () => {
    expect(query('')).toEqual({ limit: 100 });
  });

  it('take states separated by commas or repeated', () => {
    expect(query('state=running,failed').state).toEqual(['running', 'failed']);
    expect(query('state=running&state=failed').state).toEqual(['running', 'failed']);
  });

  it.each([
    ['state=', '/query/state/0'],
    ['state=queued', '/query/state/0'],
    ['state=running,nope', '/query/state/1'],
    ['limit=0', '/query/limit'],
    ['limit=1001', '/query/limit'],
    ['limit=-1', '/query/limit'],
    ['limit=1e2', '/query/limit'],
    ['limit=1&limit=2', '/query/limit'],
    ['cursor=x', '/query/cursor'],
    ['cursor=%00', '/query/cursor'],
    ['cursor=', '/query/cursor'],
    ['offset=3', '/query/offset'],
    ['__proto__=3', '/query/__proto__'],
  ])('refuse %s', (text, path) => {
    expect(() => query(text)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        faults: [{ path, message: expect.any(String) }],
      }),
    );
  });

  it('tell all faults at once', () => {
    expect(() => query('limit=0&state=x&y=1')).toThrow(
      expect.objectContaining({ faults: expect.objectContaining({ length: 3 }) }),
    );
  });

  it('ask for states of changes as well', () => {
    const url = new URL('http://x/?state=settling,rolled_back');

    expect(parseQuery(url, ChangeQuery).state).toEqual(['settling', 'rolled_back']);
  });
});

describe('cursors', () => {
  it('come back as the place they were made of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), (place) => {
        expect(query(`cursor=${cursorOf(place)}`).cursor).toBe(place);
      }),
    );
  });

  it('lead through a list without gaps or repeats', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), (size, limit) => {
        const rows = Array.from({ length: size }, (_, place) => place);
        const seen: number[] = [];
        let cursor: number | undefined;
        do {
          const from = cursor === undefined ? 0 : cursor + 1;
          const page = pageOf(rows.slice(from, from + limit + 1), limit, (row) => row);
          seen.push(...page.items);
          cursor = page.nextCursor === null ? undefined : query(`cursor=${page.nextCursor}`).cursor;
        } while (cursor !== undefined);

        expect(seen).toEqual(rows);
      }),
    );
  });
});
