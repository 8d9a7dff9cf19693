import { beforeEach, describe, expect, it } from 'vitest';
import { FreezeBody, FreezeList } from '../../../functions/submit/freeze-routes.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';

const soon = { scope: 'all', until: '2999-01-01T00:00:00Z', reason: 'holiday' };

describe.each(databaseKinds)('freezes over HTTP, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  function anApp() {
    const { app, lines } = createTestApp(database);
    const call = (method: string, path: string, body?: unknown, token = bearer.operator) =>
      app.fetch(
        new Request(`http://lanekeeper.test/v1/freezes${path}`, {
          method,
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
    return { call, lines };
  }

  it('are put, read, listed and removed', async () => {
    const { call } = anApp();
    const put = await call('PUT', '/holiday', soon);
    const body = FreezeBody.parse(await put.json());
    const list = FreezeList.parse(await (await call('GET', '')).json());
    const removed = await call('DELETE', '/holiday');

    expect(body).toMatchObject({ name: 'holiday', scope: 'all', createdBy: 'ops' });
    expect(body.until).toBe('2999-01-01T00:00:00.000Z');
    expect(list.items).toEqual([body]);
    expect(removed.status).toBe(204);
    expect((await call('GET', '/holiday')).status).toBe(404);
    expect((await call('DELETE', '/holiday')).status).toBe(404);
  });

  it.each([
    [{ ...soon, scope: 'planet:earth' }, ['/scope']],
    [{ ...soon, scope: 'gateway:vpn-1' }, ['/scope']],
    [{ ...soon, until: 'tomorrow' }, ['/until']],
    [{ ...soon, until: '2001-01-01T00:00:00Z' }, ['/until']],
    [
      { scope: 7, until: '2001-01-01T00:00:00Z', who: 'me' },
      ['/scope', '/reason', '/who', '/until'],
    ],
    [{}, ['/scope', '/until', '/reason']],
  ])('are refused with the place of each fault: %j', async (body, paths) => {
    const response = await anApp().call('PUT', '/holiday', body);
    const { errors } = (await response.json()) as { errors: { path: string }[] };

    expect(response.status).toBe(400);
    expect(errors.map(({ path }) => path).sort()).toEqual([...paths].sort());
  });

  it('have names of a certain form', async () => {
    expect((await anApp().call('PUT', '/a%20b', soon)).status).toBe(404);
  });

  it('are written by operators and read by viewers', async () => {
    const { call } = anApp();

    expect((await call('PUT', '/x', soon, bearer.viewer)).status).toBe(403);
    expect((await call('DELETE', '/x', undefined, bearer.viewer)).status).toBe(403);
    expect((await call('GET', '', undefined, bearer.viewer)).status).toBe(200);
  });
});
