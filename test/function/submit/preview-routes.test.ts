import { beforeEach, describe, expect, it } from 'vitest';
import type { CloudError } from '../../../shared/connection/vpn-api.ts';
import type { InventoryApi } from '../../../shared/preview/scan-deps.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const empty = async () => ({ kind: 'ok', value: { items: [], total: 0 } }) as const;
const emptyRegion: InventoryApi = {
  listConnections: empty,
  listGateways: empty,
  listCustomerGateways: empty,
  describeConnection: async () => ({ kind: 'ok', value: null }),
};
const later: CloudError = {
  class: 'throttled',
  code: 'BudgetExhausted',
  message: 'spent',
  requestId: null,
  retryInMs: 41_200,
};
const spent: InventoryApi = {
  ...emptyRegion,
  listConnections: async () => ({ kind: 'failed', error: later }),
};

describe('the routes of previews', () => {
  const database = withPostgres();
  beforeEach(() => emptyAllTables(database));

  function call(
    inventoryApi: InventoryApi,
    request: { method: string; path: string; token?: string; body?: unknown },
  ): Promise<Response> {
    const { method, path, token = bearer.viewer, body } = request;
    const { app } = createTestApp(database, { inventoryApi });
    return app.fetch(
      new Request(`http://lanekeeper.test${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  }

  const post = (inventoryApi: InventoryApi, body: unknown = aPlan()) =>
    call(inventoryApi, { method: 'POST', path: '/v1/previews', body });

  it('answer a viewer with the preview', async () => {
    const response = await post(emptyRegion);

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      summary: { total: 2, refused: 2 },
      items: [{ reason: { code: 'NotFound' } }, { reason: { code: 'NotFound' } }],
    });
  });

  it('answer with 202 where to ask again and when, until it is there', async () => {
    const response = await post(spent);
    const path = response.headers.get('Location') ?? '';
    const again = await call(spent, { method: 'GET', path });
    const ready = await call(emptyRegion, { method: 'GET', path });

    expect([response.status, again.status, ready.status]).toEqual([202, 202, 200]);
    expect(path).toMatch(/^\/v1\/previews\/prv_[0-9A-Z]{26}$/);
    expect(response.headers.get('Retry-After')).toBe('42');
    expect(await response.json()).toEqual({
      id: path.split('/').at(-1),
      links: { self: path },
    });
    expect(await ready.json()).toMatchObject({ summary: { total: 2 } });
  });

  it('tell every fault of a plan, as for a job', async () => {
    const response = await post(emptyRegion, { targets: [{ regionId: 'cn-hangzhou' }] });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'invalid_plan',
      errors: [{ path: '/title' }, { path: '/targets/0' }, { path: '/targets/0' }],
    });
  });

  it.each(['/v1/previews/prv_01KAJ0Q2Z5B4T7E9V3X6M8N1PR', "/v1/previews/'"])(
    'know no preview at %s',
    async (path) => {
      expect((await call(emptyRegion, { method: 'GET', path })).status).toBe(404);
    },
  );

  it('answer nobody without a token', async () => {
    const request = { method: 'POST', path: '/v1/previews', token: 'none', body: aPlan() };

    expect((await call(emptyRegion, request)).status).toBe(401);
  });
});
