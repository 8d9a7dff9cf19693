import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { ChatTransport, Received } from '../../../chat/transport.ts';
import { equalInConstantTime } from '../../../platform/canonical.ts';
import { jsonOrNull } from '../../../platform/json.ts';
import type { Secret } from '../../../platform/secret.ts';
import { reveal } from '../../../platform/secret-reveal.ts';
import { answerOf } from './blocks.ts';

/** How far a request's time may be from ours. Source: docs.slack.dev, "Verifying requests from Slack". */
const maxAgeSeconds = 300;

const refused = { kind: 'refused' } as const;

/**
 * Good for five answers within half an hour. Source: docs.slack.dev, "Handling user interaction", "message responses"; the hosts are
 * those of Slack and of its government cloud.
 */
const AnswerUrl = z
  .string()
  .regex(/^https:\/\/hooks\.slack(-gov)?\.com\//)
  .nullable()
  .catch(null);

/** A command typed with `/`. Source: docs.slack.dev, "Implementing slash commands", "preparing your app to receive commands". */
const SlashCommand = z.object({
  command: z.string(),
  text: z.string().default(''),
  user_id: z.string(),
  channel_id: z.string(),
  trigger_id: z.string().nullable().default(null),
  response_url: AnswerUrl,
});

/** A button of a card. Source: docs.slack.dev, "block_actions payload". */
const BlockActions = z.object({
  type: z.literal('block_actions'),
  trigger_id: z.string().nullable().default(null),
  user: z.object({ id: z.string() }),
  container: z.object({ channel_id: z.string().optional() }).default({}),
  channel: z.object({ id: z.string() }).optional(),
  response_url: AnswerUrl,
  actions: z.array(z.object({ value: z.string().optional() })).min(1),
});

/** Something said to the app. Source: docs.slack.dev, "The Events API", and the event `app_mention`. */
const EventCallback = z.object({
  type: z.literal('event_callback'),
  event_id: z.string(),
  event: z.object({
    type: z.string(),
    user: z.string().optional(),
    bot_id: z.string().optional(),
    subtype: z.string().optional(),
    channel: z.string().optional(),
    channel_type: z.string().optional(),
    text: z.string().default(''),
  }),
});

const UrlVerification = z.object({ type: z.literal('url_verification'), challenge: z.string() });

/** Slack as it calls in: slash commands, buttons, and mentions of the app. */
export function createSlackTransport({ signingSecret }: { signingSecret: Secret }): ChatTransport {
  return {
    platform: 'slack',
    signsBody: true,
    nothing: null,
    receive({ headers, body, now }) {
      const timestamp = headers.get('X-Slack-Request-Timestamp') ?? '';
      const signature = headers.get('X-Slack-Signature') ?? '';
      if (!/^\d{1,12}$/.test(timestamp)) return refused;
      if (Math.abs(now / 1_000 - Number(timestamp)) > maxAgeSeconds) return refused;
      const expected = signatureOf(signingSecret, timestamp, body);
      if (!equalInConstantTime(signature, expected)) return refused;
      // The first delivery was done or is being done; a command that comes late may not be wanted any more.
      if (headers.has('X-Slack-Retry-Num')) return { kind: 'settled', body: null };
      const isForm = /^application\/x-www-form-urlencoded\b/i.test(
        headers.get('Content-Type') ?? '',
      );
      const text = body.toString('utf8');
      return isForm ? formOf(new URLSearchParams(text), signature) : eventOf(text, signature);
    },
    answer: answerOf,
  };
}

/** Source: docs.slack.dev, "Verifying requests from Slack": v0, a colon between the parts, the body as it came. */
function signatureOf(secret: Secret, timestamp: string, body: Buffer): string {
  const hmac = createHmac('sha256', reveal(secret)).update(`v0:${timestamp}:`).update(body);
  return `v0=${hmac.digest('hex')}`;
}

function formOf(form: URLSearchParams, once: string): Received {
  const payload = form.get('payload');
  if (payload !== null) return buttonOf(jsonOrNull(payload), once);
  const parsed = SlashCommand.safeParse(Object.fromEntries(form));
  // Slack asks now and then whether the certificate is right (`ssl_check=1`), and wants nothing but 200.
  if (!parsed.success) return { kind: 'settled', body: null };
  const { text, user_id: user, channel_id: room, trigger_id: trigger } = parsed.data;
  const { response_url: answerUrl } = parsed.data;
  const eventId = `command ${trigger ?? once}`;
  const message = { eventId, user, room, text: plainText(text), takesAnswer: true, answerUrl };
  return { kind: 'said', once, message };
}

function buttonOf(payload: unknown, once: string): Received {
  const parsed = BlockActions.safeParse(payload);
  if (!parsed.success) return { kind: 'settled', body: null };
  const { user, container, channel, actions, trigger_id: trigger } = parsed.data;
  const { response_url: answerUrl } = parsed.data;
  const text = actions[0]?.value;
  const room = channel?.id ?? container.channel_id;
  // Links are buttons too, and say nothing.
  if (text === undefined || room === undefined) return { kind: 'settled', body: null };
  const eventId = `button ${trigger ?? once}`;
  const message = { eventId, user: user.id, room, text, takesAnswer: false, answerUrl };
  return { kind: 'said', once, message };
}

function eventOf(text: string, once: string): Received {
  const json = jsonOrNull(text);
  const asked = UrlVerification.safeParse(json);
  if (asked.success) return { kind: 'settled', body: { challenge: asked.data.challenge } };
  const parsed = EventCallback.safeParse(json);
  if (!parsed.success) return { kind: 'settled', body: null };
  const { event, event_id: id } = parsed.data;
  const { user, channel: room, bot_id: bot, subtype } = event;
  const isForUs =
    event.type === 'app_mention' || (event.type === 'message' && event.channel_type === 'im');
  // Messages of apps, ours among them, are no commands.
  const isSaid = bot === undefined && subtype === undefined;
  if (!isForUs || !isSaid || user === undefined || room === undefined) {
    return { kind: 'settled', body: null };
  }
  const said = { user, room, text: plainText(event.text), takesAnswer: false, answerUrl: null };
  return { kind: 'said', once, message: { eventId: `event ${id}`, ...said } };
}

/** Text as it was typed. Source: docs.slack.dev, "Formatting message text": links and mentions in `<>`, three characters escaped. */
function plainText(text: string): string {
  return text
    .replace(/^\s*<@[A-Z0-9]+(\|[^>]*)?>\s*/, '')
    .replaceAll(/<[^<>|]*\|([^<>]*)>/g, '$1')
    .replaceAll(/<([^<>]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
