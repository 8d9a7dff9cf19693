import { z } from 'zod';
import { type ChatSender, failedCall, type SendOutcome } from '../../../chat/sender.ts';
import type { JsonAnswer, JsonCall, JsonClient } from '../../../platform/http/json-client.ts';
import type { Secret } from '../../../platform/secret.ts';
import { reveal } from '../../../platform/secret-reveal.ts';
import { createTokenKeeper } from '../token-keeper.ts';
import { cardOf } from './cards.ts';

/** Source: open.feishu.cn, "Get tenant_access_token of an internal app". */
const Token = z.object({
  code: z.literal(0),
  tenant_access_token: z.string(),
  expire: z.number(),
});
/** Every answer; 0 is success. Source: open.feishu.cn, "Server-side error codes". */
const Answer = z.object({
  code: z.number(),
  data: z.object({ message_id: z.string().optional() }).optional(),
});

/** The token is not good (any more). */
const staleTokens = new Set([99991661, 99991663, 99991664, 99991668]);
/** Too many calls, or Feishu is not itself. */
const passing = new Set([11232, 11233, 11247, 99991400, 230020]);
/** The message was taken back, is too old to be changed, or is not there. Source: errors of "Update a card that was sent". */
const gone = new Set([230011, 230031, 230110]);

/** Feishu as it is called, by the app's id and secret. */
export function createFeishuSender(
  app: { id: string; secret: Secret; endpoint?: string },
  call: JsonClient,
  monotonic: () => number,
): ChatSender {
  const { id, secret, endpoint = 'https://open.feishu.cn' } = app;
  const tokens = createTokenKeeper(monotonic, async () => {
    const answer = await call({
      method: 'POST',
      url: `${endpoint}/open-apis/auth/v3/tenant_access_token/internal`,
      body: { app_id: id, app_secret: reveal(secret) },
    });
    if (answer.kind === 'unreachable') return failedCall('unreachable', null);
    const token = Token.safeParse(answer.body).data;
    if (token === undefined) return failed(answer);
    return { kind: 'token', token: token.tenant_access_token, forSeconds: token.expire };
  });

  async function send(
    request: Pick<JsonCall, 'method' | 'body'> & { path: string },
  ): Promise<SendOutcome> {
    const token = await tokens.get();
    if (token.kind !== 'token') return token;
    const { method, path, body } = request;
    const answer = await call({
      method,
      url: `${endpoint}/open-apis/im/v1/messages${path}`,
      headers: { authorization: `Bearer ${token.token}` },
      body,
    });
    if (answer.kind === 'unreachable') return failedCall('unreachable', null);
    const { data } = Answer.safeParse(answer.body);
    if (data?.code === 0) return { kind: 'sent', message: data.data?.message_id ?? null };
    if (data !== undefined && staleTokens.has(data.code)) tokens.forget();
    return failed(answer);
  }

  return {
    platform: 'feishu',
    signsBody: true,
    // A room hears what is said to one in it: cards for one user alone would need another interface.
    post: (room, card) =>
      send({
        method: 'POST',
        path: '?receive_id_type=chat_id',
        body: { receive_id: room, msg_type: 'interactive', content: JSON.stringify(cardOf(card)) },
      }),
    async update(_room, message, card) {
      const outcome = await send({
        method: 'PATCH',
        path: `/${encodeURIComponent(message)}`,
        body: { content: JSON.stringify(cardOf(card)) },
      });
      // The answer to an update does not name the message.
      return outcome.kind === 'sent' ? { kind: 'sent', message } : outcome;
    },
  };
}

function failed(answer: Extract<JsonAnswer, { kind: 'answered' }>): SendOutcome {
  const { data } = Answer.safeParse(answer.body);
  if (data === undefined) return failedCall(`http_${answer.status}`, answer);
  if (gone.has(data.code)) return { kind: 'gone' };
  const isRetryable =
    passing.has(data.code) ||
    staleTokens.has(data.code) ||
    answer.status >= 500 ||
    answer.status === 429;
  return { kind: 'failed', code: String(data.code), isRetryable, retryInMs: answer.retryInMs };
}
