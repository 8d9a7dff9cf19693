import { createHmac } from 'node:crypto';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { hostOf, type WebhookSinkSettings } from '../../platform/config/sinks.ts';
import type { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import type { DeliverOutcome, Delivery, Sink, SinkError } from '../../sink/sink.ts';
import type { CheckedPost, PostAnswer } from './checked-post.ts';
import { documentOf } from './document.ts';

/** What a receiver is told. */
type WebhookEvent = 'deliver' | 'promote' | 'withdraw';

type Failure = { kind: 'failed'; error: SinkError };

const Acknowledgement = z.object({ acknowledged: z.literal(true) });

/** Between the first attempt and the second, and the second and the third. */
const pausesMs = [500, 2_000];

/** What a receiver answers when it is busy or not itself. Source: RFC 9110 and RFC 6585. */
const passingStatuses = new Set([408, 425, 429]);

/**
 * A receiver over HTTPS. Every request is a compact JWE to the receiver's public key, signed with the shared secret over
 * time, id and body; the id is the same on every retry, and another one when what was withdrawn is delivered again. docs/sinks.md has what a receiver does with it.
 */
export function createWebhookSink(
  settings: WebhookSinkSettings,
  { post, clock }: { post: CheckedPost; clock: Clock },
): Sink {
  const url = new URL(settings.url);
  const mayBePrivate = settings.allowedPrivateHosts.includes(hostOf(url));
  const encrypt = createEncryption(settings.encryptionKey);

  async function send(
    event: WebhookEvent,
    { version, since }: Delivery,
    document: Secret,
  ): Promise<PostAnswer> {
    const id = `${event}:${version}@${since}`;
    const body = await encrypt(document);
    const timestamp = String(Math.floor(clock.now() / 1000));
    const headers = {
      'content-type': 'application/jose',
      'lanekeeper-delivery': id,
      'lanekeeper-timestamp': timestamp,
      'lanekeeper-signature': `v1=${signatureOf(settings.signingSecret, `${timestamp}.${id}.${body}`)}`,
    };
    return post({ url, headers, body, timeoutMs: settings.timeoutMs, mayBePrivate });
  }

  async function sendWithRetries(
    event: WebhookEvent,
    delivery: Delivery,
    document: Secret,
  ): Promise<{ kind: 'taken'; body: string } | Failure> {
    for (const pauseMs of [...pausesMs, null]) {
      const outcome = judge(await send(event, delivery, document));
      if (outcome.kind === 'taken' || !outcome.error.isRetryable || pauseMs === null)
        return outcome;
      await clock.sleep(pauseMs);
    }
    return failed('Unreachable', 'The receiver cannot be reached.', true);
  }

  const tell = async (
    event: WebhookEvent,
    delivery: Delivery,
  ): Promise<{ kind: 'done' } | Failure> => {
    const outcome = await sendWithRetries(event, delivery, documentOf(delivery, null));
    return outcome.kind === 'taken' ? { kind: 'done' } : outcome;
  };
  return {
    async deliver(delivery, values): Promise<DeliverOutcome> {
      const document = documentOf(delivery, values);
      const outcome = await sendWithRetries('deliver', delivery, document);
      if (outcome.kind === 'failed') return outcome;
      return { kind: isAcknowledgement(outcome.body) ? 'acknowledged' : 'delivered' };
    },
    promote: (delivery) => tell('promote', delivery),
    withdraw: (delivery) => tell('withdraw', delivery),
  };
}

/** A function that encrypts to a public key: RSA-OAEP-256 or ECDH-ES, and A256GCM for the content. */
function createEncryption(
  jwk: WebhookSinkSettings['encryptionKey'],
): (text: Secret) => Promise<string> {
  const alg = jwk.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW';
  const known: JWK = jwk;
  const kid = typeof jwk.kid === 'string' ? { kid: jwk.kid } : {};
  return async (text) => {
    const key = await importJWK(known, alg);
    return new CompactEncrypt(Buffer.from(reveal(text)))
      .setProtectedHeader({ alg, enc: 'A256GCM', cty: 'application/json', ...kid })
      .encrypt(key);
  };
}

/** HMAC-SHA-256 as lower-case hex. */
function signatureOf(secret: Secret, text: string): string {
  return createHmac('sha256', reveal(secret)).update(text).digest('hex');
}

function judge(answer: PostAnswer): { kind: 'taken'; body: string } | Failure {
  if (answer.kind === 'unreachable') {
    return failed('Unreachable', 'The receiver cannot be reached; it is tried again.', true);
  }
  if (answer.kind === 'not_allowed') {
    const message =
      "The receiver's host has an address that is not public; allow it by name in SINKS.";
    return failed('AddressNotAllowed', message, false);
  }
  const { status, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'taken', body };
  if (status >= 300 && status < 400) {
    return failed('Redirected', 'The receiver redirects; name the final URL in SINKS.', false);
  }
  const isRetryable = status >= 500 || passingStatuses.has(status);
  const code = isRetryable ? 'ReceiverUnavailable' : 'Refused';
  return failed(code, `The receiver answered ${status}.`, isRetryable);
}

function isAcknowledgement(body: string): boolean {
  try {
    return Acknowledgement.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}

function failed(code: string, message: string, isRetryable: boolean): Failure {
  return { kind: 'failed', error: { code, message, isRetryable, requestId: null } };
}
