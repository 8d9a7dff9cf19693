import { z } from 'zod';
import type { Card } from '../../../chat/card.ts';
import { type ChatSender, failedCall, type SendOutcome } from '../../../chat/sender.ts';
import type { JsonClient } from '../../../platform/http/json-client.ts';
import type { Secret } from '../../../platform/secret.ts';
import { reveal } from '../../../platform/secret-reveal.ts';
import { blocksOf, fallbackOf } from './blocks.ts';

/** Every method answers so. Source: docs.slack.dev, "Using the Slack Web API", "evaluating responses". */
const Answer = z.union([
  z.object({ ok: z.literal(true), ts: z.string().optional() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** Errors that pass. Source: docs.slack.dev, errors of `chat.postMessage`. */
const passing = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);
/** Nothing is there to be updated any more. Source: errors of `chat.update`. */
const gone = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/** Slack as it is called, with the app's bot token (scope `chat:write`). */
export function createSlackSender(
  { botToken, endpoint = 'https://slack.com' }: { botToken: Secret; endpoint?: string },
  call: JsonClient,
): ChatSender {
  async function send(
    method: string,
    card: Card,
    more: Record<string, string>,
  ): Promise<SendOutcome> {
    const answer = await call({
      method: 'POST',
      url: `${endpoint}/api/${method}`,
      headers: { authorization: `Bearer ${reveal(botToken)}` },
      body: { ...more, text: fallbackOf(card), blocks: blocksOf(card), unfurl_links: false },
    });
    if (answer.kind === 'unreachable') return failedCall('unreachable', null);
    const { data } = Answer.safeParse(answer.body);
    if (data === undefined) return failedCall(`http_${answer.status}`, answer);
    if (data.ok) return { kind: 'sent', message: data.ts ?? null };
    if (gone.has(data.error)) return { kind: 'gone' };
    const isRetryable = passing.has(data.error);
    return { kind: 'failed', code: data.error, isRetryable, retryInMs: answer.retryInMs };
  }

  return {
    platform: 'slack',
    signsBody: true,
    post: (channel, card, user) =>
      user === null
        ? send('chat.postMessage', card, { channel })
        : send('chat.postEphemeral', card, { channel, user }),
    update: (channel, ts, card) => send('chat.update', card, { channel, ts }),
  };
}
