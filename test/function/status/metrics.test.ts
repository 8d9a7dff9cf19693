import { describe, expect, it } from 'vitest';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { withEmbedded } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';
import { complaintsAbout, findPromtool } from '../../helpers/promtool.ts';

describe('GET /metrics', () => {
  const database = withEmbedded();

  it('shows the numbers of the whole fleet to a viewer', async () => {
    const { get, post } = createTestApp(database);
    expect((await post(aPlan())).status).toBe(202);

    const response = await get('/metrics');

    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).toContain('\nlanekeeper_jobs{state="resolving"} 1\n');
    expect(text).toContain('\nlanekeeper_lanes{state="due"} 1\n');
  });

  it('asks for a token', async () => {
    const { app, get } = createTestApp(database);
    const bare = await app.fetch(new Request('http://lanekeeper.test/metrics'));

    expect(bare.status).toBe(401);
    expect((await get('/metrics', { Authorization: 'Bearer nobody' })).status).toBe(401);
    expect((await get('/metrics', { Authorization: `Bearer ${bearer.viewer}` })).status).toBe(200);
  });

  const promtool = findPromtool();

  it.skipIf(promtool === null)('answers with what promtool accepts', async () => {
    if (promtool === null) throw new Error('skipped without it');
    const response = await createTestApp(database).get('/metrics');

    expect(await complaintsAbout(promtool, await response.text())).toBe('');
  });
});
