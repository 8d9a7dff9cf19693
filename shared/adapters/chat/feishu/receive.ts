import { createDecipheriv, createHash } from 'node:crypto';
import { z } from 'zod';
import type { ChatTransport, Received } from '../../../chat/transport.ts';
import { equalInConstantTime } from '../../../platform/canonical.ts';
import { jsonOrNull } from '../../../platform/json.ts';
import type { Secret } from '../../../platform/secret.ts';
import { reveal } from '../../../platform/secret-reveal.ts';
import { cardOf } from './cards.ts';

/** How far a request's time may be from ours. */
const maxAgeSeconds = 300;

const refused = { kind: 'refused' } as const;
const nothing = {};
const settled = { kind: 'settled', body: nothing } as const;

const Encrypted = z.object({ encrypt: z.string() });

/** The check of the address. Source: open.feishu.cn, "Configure the request URL". */
const UrlVerification = z.object({
  type: z.literal('url_verification'),
  challenge: z.string(),
  token: z.string(),
});

const Header = z.object({ event_id: z.string(), event_type: z.string(), token: z.string() });

/** Something said to the app. Source: open.feishu.cn, event `im.message.receive_v1`. */
const MessageEvent = z.object({
  header: Header,
  event: z.object({
    sender: z.object({
      sender_type: z.string(),
      sender_id: z.object({ open_id: z.string() }),
    }),
    message: z.object({
      chat_id: z.string(),
      message_type: z.string(),
      content: z.string(),
      mentions: z.array(z.object({ key: z.string() })).default([]),
    }),
  }),
});

/** A button of a card. Source: open.feishu.cn, callback `card.action.trigger`. */
const CardAction = z.object({
  header: Header,
  event: z.object({
    operator: z.object({ open_id: z.string() }),
    action: z.object({ value: z.object({ command: z.string() }) }),
    context: z.object({ open_chat_id: z.string() }),
  }),
});

const TextContent = z.object({ text: z.string() });

/** Feishu as it calls in: messages to the app and buttons of its cards, signed and encrypted. */
export function createFeishuTransport(keys: {
  verificationToken: Secret;
  encryptKey: Secret;
}): ChatTransport {
  return {
    platform: 'feishu',
    signsBody: true,
    nothing,
    receive({ headers, body, now }) {
      const text = body.toString('utf8');
      const opened = open(keys.encryptKey, Encrypted.safeParse(jsonOrNull(text)).data?.encrypt);
      if (opened === null) return refused;
      const asked = UrlVerification.safeParse(opened);
      if (asked.success) return verified(keys.verificationToken, asked.data);
      const signature = headers.get('X-Lark-Signature') ?? '';
      const timestamp = headers.get('X-Lark-Request-Timestamp') ?? '';
      const nonce = headers.get('X-Lark-Request-Nonce') ?? '';
      if (!/^\d{1,12}$/.test(timestamp)) return refused;
      if (Math.abs(now / 1_000 - Number(timestamp)) > maxAgeSeconds) return refused;
      const expected = signatureOf(keys.encryptKey, { timestamp, nonce, body });
      if (!equalInConstantTime(signature, expected)) return refused;
      return saidIn(opened, keys.verificationToken, signature);
    },
    // A button may be answered with what replaces its card; whatever else is said there goes as a toast.
    answer: (card) => {
      const type = card.tone === 'warning' || card.tone === 'bad' ? 'error' : 'success';
      const content = [card.title, ...card.lines.slice(0, 1)].join(': ').slice(0, 200);
      const toast = { type: card.audience === 'room' ? 'success' : type, content };
      if (card.audience !== 'room' || card.facts.length === 0) return { toast };
      return { toast, card: { type: 'raw', data: cardOf(card) } };
    },
  };
}

/** The check of the address comes without a signature; that it decrypts, and the token in it, say who asks. */
function verified(token: Secret, asked: z.infer<typeof UrlVerification>): Received {
  if (!equalInConstantTime(asked.token, reveal(token))) return refused;
  return { kind: 'settled', body: { challenge: asked.challenge } };
}

/** Source: open.feishu.cn, "Receive events", "Signature verification": SHA-256 over time, nonce, key and the body as it came. */
function signatureOf(
  key: Secret,
  { timestamp, nonce, body }: { timestamp: string; nonce: string; body: Buffer },
): string {
  const hash = createHash('sha256')
    .update(`${timestamp}${nonce}${reveal(key)}`)
    .update(body);
  return hash.digest('hex');
}

/**
 * What was encrypted, as JSON; null when it does not open. Source: open.feishu.cn, "Receive events", "Decryption": AES-256-CBC,
 * the key SHA-256 of the Encrypt Key, the first 16 bytes the initialization vector.
 */
function open(key: Secret, encrypted: string | undefined): unknown {
  const text = encrypted === undefined ? null : decrypt(key, encrypted);
  return text === null ? null : jsonOrNull(text);
}

/** Exported for the vector of Feishu's documents, which is no JSON. */
export function decrypt(key: Secret, encrypted: string): string | null {
  const bytes = Buffer.from(encrypted, 'base64');
  if (bytes.length < 32 || bytes.length % 16 !== 0) return null;
  const hash = createHash('sha256').update(reveal(key)).digest();
  try {
    const decipher = createDecipheriv('aes-256-cbc', hash, bytes.subarray(0, 16));
    const clear = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]);
    return clear.toString('utf8');
  } catch {
    // The padding is wrong: another key, or no such text.
    return null;
  }
}

function saidIn(opened: unknown, token: Secret, once: string): Received {
  const button = CardAction.safeParse(opened);
  if (button.success) {
    const { header, event } = button.data;
    if (!equalInConstantTime(header.token, reveal(token))) return refused;
    const eventId = `button ${header.event_id}`;
    const { operator, action, context } = event;
    const room = context.open_chat_id;
    const said = { user: operator.open_id, room, text: action.value.command };
    return {
      kind: 'said',
      once,
      message: { eventId, ...said, takesAnswer: true, answerUrl: null },
    };
  }
  const typed = MessageEvent.safeParse(opened);
  if (!typed.success) return settled;
  const { header, event } = typed.data;
  if (!equalInConstantTime(header.token, reveal(token))) return refused;
  const { sender, message } = event;
  const content = TextContent.safeParse(jsonOrNull(message.content)).data;
  if (sender.sender_type !== 'user' || content === undefined) return settled;
  const text = message.mentions.reduce((rest, { key }) => rest.replaceAll(key, ' '), content.text);
  const said = { user: sender.sender_id.open_id, room: message.chat_id, text };
  const eventId = `event ${header.event_id}`;
  return { kind: 'said', once, message: { eventId, ...said, takesAnswer: false, answerUrl: null } };
}
