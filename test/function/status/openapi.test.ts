import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import document from '../../../docs/openapi.json' with { type: 'json' };
import { createChatopsApp } from '../../../functions/chatops/handler.ts';
import { openApiText } from '../../../scripts/openapi-document.ts';
import type { Database } from '../../../shared/adapters/postgres/database.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { createTestApp } from '../../helpers/apps.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const away = () => Promise.reject(new AppError('unavailable', 'no database here'));
const noDatabase: Database = {
  kind: 'postgres',
  query: away,
  transaction: away,
  script: away,
  close: () => Promise.resolve(),
};

describe('the OpenAPI document', () => {
  it('has exactly the operations that are served', () => {
    const { app } = createTestApp(noDatabase);
    const chatops = createChatopsApp({ logger: createRecordingLogger().logger, random }, null);
    const served = [...app.routes, ...chatops.routes].map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );

    expect(documented.sort()).toEqual(served.sort());
  });

  it('is what the schemas say now', async () => {
    const file = new URL('../../../docs/openapi.json', import.meta.url);

    expect(await readFile(file, 'utf8')).toBe(openApiText());
  });

  it('is served as it is', async () => {
    const response = await createTestApp(noDatabase).get('/v1/openapi.json');

    expect(await response.json()).toEqual(document);
  });

  it('asks for a bearer token everywhere but where anybody may look', () => {
    const open = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.values(operations).flatMap((operation) => ('security' in operation ? [path] : [])),
    );

    expect(document.security).toEqual([{ token: [] }]);
    expect(open.sort()).toEqual([
      '/healthz',
      '/v1/chatops/dingtalk',
      '/v1/chatops/feishu',
      '/v1/chatops/slack',
      '/v1/openapi.json',
    ]);
  });
});
