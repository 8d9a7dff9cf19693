import { createHmac } from 'node:crypto';
import type { NoticeReceiver, TellOutcome } from '../../notice/notice-webhook.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Notify, NotifyWebhookSettings } from '../../platform/config/notify.ts';
import { hostOf } from '../../platform/config/sinks.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import {
  type CheckedPost,
  createCheckedPost,
  type PostAnswer,
  type ResolveHost,
} from './checked-post.ts';

/** What a receiver answers when it is busy or not itself. Source: RFC 9110 and RFC 6585. */
const passingStatuses = new Set([408, 425, 429]);

/** The receivers of notices in a configuration. */
export function createNoticeReceivers(
  notify: Notify,
  { clock, resolve }: { clock: Clock; resolve?: ResolveHost },
): readonly NoticeReceiver[] {
  const post = createCheckedPost(clock, resolve);
  return Object.entries(notify).flatMap(([name, target]) =>
    target.type === 'webhook' ? [createNoticeWebhook(name, target, { clock, post })] : [],
  );
}

/**
 * A receiver over HTTPS: signed JSON to addresses that may be asked, no redirects, one attempt; whoever calls tries again.
 * docs/chat.md has what a receiver does with it.
 */
function createNoticeWebhook(
  name: string,
  settings: NotifyWebhookSettings,
  { clock, post }: { clock: Clock; post: CheckedPost },
): NoticeReceiver {
  const url = new URL(settings.url);
  const mayBePrivate = settings.allowedPrivateHosts.includes(hostOf(url));
  const { timeoutMs } = settings;
  return {
    name,
    events: settings.events ?? null,
    async tell(notice) {
      const body = canonicalJson(notice);
      const timestamp = String(Math.floor(clock.now() / 1_000));
      const signature = createHmac('sha256', reveal(settings.signingSecret))
        .update(`${timestamp}.${notice.id}.${body}`)
        .digest('hex');
      const headers = {
        'content-type': 'application/json',
        'lanekeeper-notice': notice.id,
        'lanekeeper-timestamp': timestamp,
        'lanekeeper-signature': `v1=${signature}`,
      };
      return judge(await post({ url, headers, body, timeoutMs, mayBePrivate }));
    },
  };
}

function judge(answer: PostAnswer): TellOutcome {
  if (answer.kind === 'unreachable') return failed('unreachable', true);
  if (answer.kind === 'not_allowed') return failed('address_not_allowed', false);
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'told' };
  return failed(`http_${status}`, status >= 500 || passingStatuses.has(status));
}

function failed(code: string, isRetryable: boolean): TellOutcome {
  return { kind: 'failed', code, isRetryable, retryInMs: null };
}
