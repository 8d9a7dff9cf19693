import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { ChatTransport } from '../../../chat/transport.ts';
import { equalInConstantTime } from '../../../platform/canonical.ts';
import { jsonOrNull } from '../../../platform/json.ts';
import type { Secret } from '../../../platform/secret.ts';
import { reveal } from '../../../platform/secret-reveal.ts';
import { answerOf } from './messages.ts';
import { roomOf } from './room.ts';

/** How far a request's time may be from ours, in milliseconds. DingTalk allows an hour; nobody needs that long. */
const maxAgeMs = 300_000;

const refused = { kind: 'refused' } as const;

/** A message to the robot. Source: open.dingtalk.com, "Robot receives messages" (enterprise robots, HTTP mode). */
const RobotMessage = z.object({
  msgId: z.string().min(1),
  msgtype: z.string(),
  text: z.object({ content: z.string() }).optional(),
  /** 1: with one user; 2: in a group. */
  conversationType: z.enum(['1', '2']),
  conversationId: z.string(),
  /** Only for members of the robot's own enterprise. */
  senderStaffId: z.string().optional(),
  robotCode: z.string().optional(),
});

/**
 * DingTalk as it calls in: messages to the robot. Its signature covers the time and nothing of the message, so a message is
 * taken once, by its id, and consent takes a one-time code.
 */
export function createDingtalkTransport({ appSecret }: { appSecret: Secret }): ChatTransport {
  return {
    platform: 'dingtalk',
    signsBody: false,
    nothing: { msgtype: 'empty' },
    receive({ headers, body, now }) {
      const timestamp = headers.get('timestamp') ?? '';
      if (!/^\d{1,15}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > maxAgeMs) {
        return refused;
      }
      const expected = signatureOf(appSecret, timestamp);
      if (!equalInConstantTime(headers.get('sign') ?? '', expected)) return refused;
      const parsed = RobotMessage.safeParse(jsonOrNull(body.toString('utf8')));
      if (!parsed.success) return { kind: 'settled', body: { msgtype: 'empty' } };
      const { msgId, text, senderStaffId, ...place } = parsed.data;
      if (text === undefined || senderStaffId === undefined) {
        return { kind: 'settled', body: { msgtype: 'empty' } };
      }
      const message = {
        eventId: `message ${msgId}`,
        user: senderStaffId,
        room: roomOf({ ...place, senderStaffId }),
        text: text.content,
        takesAnswer: true,
        // DingTalk's `sessionWebhook` is no such address: its body is not signed.
        answerUrl: null,
      };
      return { kind: 'said', once: `${timestamp} ${msgId}`, message };
    },
    answer: answerOf,
  };
}

/** Source: open.dingtalk.com, "Robot receives messages": time, line feed, secret, under the secret, in Base64. */
function signatureOf(secret: Secret, timestamp: string): string {
  const key = reveal(secret);
  return createHmac('sha256', key).update(`${timestamp}\n${key}`).digest('base64');
}
