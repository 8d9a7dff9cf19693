import { z } from 'zod';
import type { Card } from '../../../chat/card.ts';
import { type ChatSender, failedCall, type SendOutcome } from '../../../chat/sender.ts';
import type { JsonClient } from '../../../platform/http/json-client.ts';
import type { Secret } from '../../../platform/secret.ts';
import { reveal } from '../../../platform/secret-reveal.ts';
import { createTokenKeeper } from '../token-keeper.ts';
import { templateOf } from './messages.ts';
import { placeOf } from './room.ts';

/** Source: open.dingtalk.com, "Obtain the access token of an internal app". */
const Token = z.object({ accessToken: z.string(), expireIn: z.number() });
const Failure = z.object({ code: z.string() });

/** A token that DingTalk does not know any more. */
const staleToken = /InvalidAuthentication|AuthenticationFailed|invalidToken/i;

/** DingTalk as it is called, by the app's key and secret; the robot of an internal app is named by the app's key. */
export function createDingtalkSender(
  {
    appKey,
    appSecret,
    endpoint = 'https://api.dingtalk.com',
  }: { appKey: string; appSecret: Secret; endpoint?: string },
  call: JsonClient,
  monotonic: () => number,
): ChatSender {
  const tokens = createTokenKeeper(monotonic, async () => {
    const answer = await call({
      method: 'POST',
      url: `${endpoint}/v1.0/oauth2/accessToken`,
      body: { appKey, appSecret: reveal(appSecret) },
    });
    if (answer.kind === 'unreachable') return failedCall('unreachable', null);
    const token = Token.safeParse(answer.body).data;
    if (token === undefined) return failedCall(codeOf(answer), answer);
    return { kind: 'token', token: token.accessToken, forSeconds: token.expireIn };
  });

  async function post(room: string, card: Card): Promise<SendOutcome> {
    const token = await tokens.get();
    if (token.kind !== 'token') return token;
    const place = placeOf(room);
    const answer = await call({
      method: 'POST',
      url: `${endpoint}/v1.0/robot/${place.kind === 'group' ? 'groupMessages/send' : 'oToMessages/batchSend'}`,
      headers: { 'x-acs-dingtalk-access-token': token.token },
      body: {
        robotCode: appKey,
        ...(place.kind === 'group'
          ? { openConversationId: place.conversation }
          : { userIds: [place.staff] }),
        ...templateOf(card),
      },
    });
    if (answer.kind === 'unreachable') return failedCall('unreachable', null);
    if (answer.status >= 200 && answer.status < 300) return { kind: 'sent', message: null };
    const code = codeOf(answer);
    if (!staleToken.test(code)) return failedCall(code, answer);
    tokens.forget();
    return { kind: 'failed', code, isRetryable: true, retryInMs: null };
  }

  return {
    platform: 'dingtalk',
    signsBody: false,
    // Nobody but a group or a user can be written to, and nothing that was sent can be changed.
    post: (room, card) => post(room, card),
    update: (room, _message, card) => post(room, card),
  };
}

function codeOf(answer: { status: number; body: unknown }): string {
  return Failure.safeParse(answer.body).data?.code ?? `http_${answer.status}`;
}
