import { describe, expect, it } from 'vitest';
import { createChatopsApp } from '../../../functions/chatops/handler.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const app = createChatopsApp({ logger: createRecordingLogger().logger, random }, null);
const call = (path: string, method: string) =>
  app.fetch(new Request(`http://lanekeeper.test${path}`, { method }));

describe('the chatops function', () => {
  it.each(['slack', 'dingtalk', 'feishu'])(
    'does not know %s until it is configured',
    async (platform) => {
      const response = await call(`/v1/chatops/${platform}`, 'POST');

      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        code: 'not_found',
        detail: `${platform} is not configured`,
      });
    },
  );

  it('answers 404 for any other platform and 405 for any other method', async () => {
    expect((await call('/v1/chatops/irc', 'POST')).status).toBe(404);
    expect((await call('/v1/chatops/slack', 'GET')).status).toBe(405);
  });
});
