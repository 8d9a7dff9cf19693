import { type ChatAnswerer, failedCall } from '../../../chat/sender.ts';
import type { JsonClient } from '../../../platform/http/json-client.ts';
import { answerOf } from './blocks.ts';

const slackHooks = 'https://hooks.slack.com';

/** Slack as it takes answers at the `response_url` of a command or button. `endpoint` stands for where that is, in tests. */
export function createSlackAnswerer(
  { endpoint = slackHooks }: { endpoint?: string },
  call: JsonClient,
): ChatAnswerer {
  return {
    platform: 'slack',
    async answer(url, card) {
      const answer = await call({
        method: 'POST',
        url: url.replace(slackHooks, endpoint),
        // The card whose button was pressed stays.
        body: { ...answerOf(card), replace_original: false },
      });
      if (answer.kind === 'unreachable') return failedCall('unreachable', null);
      const { status } = answer;
      if (status >= 200 && status < 300) return { kind: 'sent', message: null };
      // It was used up, or half an hour is over.
      if (status === 404 || status === 410) return { kind: 'gone' };
      return failedCall(`http_${status}`, answer);
    },
  };
}
