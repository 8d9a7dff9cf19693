import bolt from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { blocksOf, fallbackOf } from '../../../../shared/adapters/chat/slack/blocks.ts';
import { createSlackTransport } from '../../../../shared/adapters/chat/slack/receive.ts';
import { aCardOf } from '../../../../shared/chat/card.ts';
import type { Received } from '../../../../shared/chat/transport.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { blockActions, slackSecret, slackSignature, slashCommand } from '../../../helpers/chat.ts';

/** The worked example of docs.slack.dev, "Verifying requests from Slack". */
const documented = {
  body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  timestamp: 1_531_420_618,
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
};

const transport = createSlackTransport({ signingSecret: new Secret(slackSecret) });

interface Sent {
  body: string;
  timestamp: number;
  signature: string;
  form?: boolean;
  retry?: string;
  now?: number;
}

function receive({
  body,
  timestamp,
  signature,
  form = true,
  retry,
  now = timestamp,
}: Sent): Received {
  const headers = new Headers({
    'X-Slack-Request-Timestamp': String(timestamp),
    'X-Slack-Signature': signature,
    'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json',
    ...(retry === undefined ? {} : { 'X-Slack-Retry-Num': retry }),
  });
  return transport.receive({ headers, body: Buffer.from(body), now: now * 1_000 });
}

/** What Slack's own library says of the same request. */
function boltTakes({ body, timestamp, signature, now = timestamp }: Sent): boolean {
  return bolt.isValidSlackRequest({
    signingSecret: slackSecret,
    body,
    headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp },
    nowMilliseconds: now * 1_000,
  });
}

const signed = (body: string, more: Partial<Sent> = {}): Sent => {
  const { timestamp = 1_800_000_000 } = more;
  return { body, timestamp, signature: slackSignature(body, timestamp), ...more };
};

const json = (value: unknown): Sent => signed(JSON.stringify(value), { form: false });

describe('requests of Slack', () => {
  it('are known by the signature that its documents and its library make', () => {
    expect(boltTakes(documented)).toBe(true);
    expect(receive(documented)).toMatchObject({
      kind: 'said',
      message: { user: 'U2CERLKJA', room: 'G8PSS9T3V', text: '', takesAnswer: true },
    });
  });

  it.each<[string, Partial<Sent>]>([
    ['another body', { body: `${documented.body}&text=x` }],
    ['another time', { timestamp: documented.timestamp + 1 }],
    ['another signature', { signature: documented.signature.replace('a2', 'a3') }],
    ['no signature', { signature: '' }],
    ['half a signature', { signature: documented.signature.slice(0, 30) }],
    ['a time that is too old', { now: documented.timestamp + 301 }],
  ])('are refused with %s, as its library does', (_, change) => {
    const request = { ...documented, ...change };

    expect(receive(request)).toEqual({ kind: 'refused' });
    expect(boltTakes(request)).toBe(false);
  });

  it('are refused when they come from the future, and taken up to five minutes old', () => {
    expect(receive({ ...documented, now: documented.timestamp - 301 })).toEqual({
      kind: 'refused',
    });
    expect(receive({ ...documented, now: documented.timestamp + 300 }).kind).toBe('said');
  });

  it('that come again by its own doing are dropped', () => {
    expect(receive({ ...documented, retry: '1' })).toEqual({ kind: 'settled', body: null });
  });

  it('say what was typed, without its escapes', () => {
    const text = 'reject job_1 &lt;b&gt; &amp; <https://example.com|example.com> <#C12>';

    expect(receive(signed(slashCommand(text)))).toMatchObject({
      message: { text: 'reject job_1 <b> & example.com #C12', user: 'U-OPS', room: 'C2147483705' },
    });
  });

  it('say what a pressed button says, and nothing for a link', () => {
    expect(receive(signed(blockActions('approve job_1 digest=ab')))).toMatchObject({
      kind: 'said',
      message: { text: 'approve job_1 digest=ab', room: 'C2147483705', takesAnswer: false },
    });
    expect(receive(signed(blockActions(null)))).toEqual({ kind: 'settled', body: null });
  });

  it('name the address for an answer, as long as it is one of Slack', () => {
    const pressed = blockActions('status');
    const elsewhere = pressed.replace('hooks.slack.com', 'hooks.slack.com.example.com');

    expect(receive(signed(pressed))).toMatchObject({
      message: { answerUrl: expect.stringMatching(/^https:\/\/hooks\.slack\.com\/actions\//) },
    });
    expect(receive(signed(elsewhere))).toMatchObject({ message: { answerUrl: null } });
  });

  it('ask for the challenge, and say what mentions the app', () => {
    const event = {
      type: 'app_mention',
      user: 'U061F7AUR',
      text: '<@U0LAN0Z89> status',
      channel: 'C123ABC456',
    };
    const callback = { type: 'event_callback', event_id: 'Ev123ABC456', event };

    expect(receive(json({ type: 'url_verification', token: 't', challenge: '3eZbrw1a' }))).toEqual({
      kind: 'settled',
      body: { challenge: '3eZbrw1a' },
    });
    expect(receive(json(callback))).toMatchObject({
      message: {
        text: 'status',
        eventId: 'event Ev123ABC456',
        user: 'U061F7AUR',
        takesAnswer: false,
      },
    });
    expect(receive(json({ ...callback, event: { ...event, bot_id: 'B1' } }))).toMatchObject({
      kind: 'settled',
    });
    expect(
      receive(json({ ...callback, event: { ...event, type: 'message', channel_type: 'channel' } })),
    ).toMatchObject({ kind: 'settled' });
  });

  it.each(['', '{', 'null', '[]', 'payload=%7B', 'payload=null', 'ssl_check=1&token=x'])(
    'that are signed and say %j are nothing to do',
    (body) => {
      expect(receive(signed(body))).toEqual({ kind: 'settled', body: null });
      expect(receive(signed(body, { form: false }))).toEqual({ kind: 'settled', body: null });
    },
  );
});

describe('cards in Slack', () => {
  const card = aCardOf({
    title: 'Q4 rotation <!channel>',
    tone: 'warning',
    lines: ['Waits <@U1> & more.'],
    facts: [{ label: 'Digest', value: 'abc<def' }],
    buttons: [
      { label: 'Approve', style: 'primary', command: 'approve job_1', approves: null },
      { label: 'Reject', style: 'danger', command: 'reject job_1 no', approves: null },
    ],
    link: { label: 'Open', url: 'https://lanes.example.com/#/jobs/job_1' },
  });

  it('are Block Kit in which nothing that others wrote means anything', () => {
    expect(blocksOf(card)).toEqual([
      {
        type: 'header',
        text: { type: 'plain_text', text: '⚠️ Q4 rotation <!channel>', emoji: false },
      },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: 'Waits &lt;@U1&gt; &amp; more.', verbatim: true },
      },
      {
        type: 'section',
        fields: [{ type: 'mrkdwn', text: '*Digest*\nabc&lt;def', verbatim: true }],
      },
      {
        type: 'actions',
        elements: [
          expect.objectContaining({
            value: 'approve job_1',
            style: 'primary',
            action_id: 'command-0',
          }),
          expect.objectContaining({
            value: 'reject job_1 no',
            style: 'danger',
            confirm: expect.anything(),
          }),
          expect.objectContaining({ url: 'https://lanes.example.com/#/jobs/job_1' }),
        ],
      },
    ]);
    expect(fallbackOf(card)).not.toMatch(/<[!@]/);
  });

  it('keep to what Slack takes, however long their texts are', () => {
    const long = aCardOf({
      title: 't'.repeat(500),
      lines: Array.from({ length: 100 }, () => '&'.repeat(1_000)),
      facts: Array.from({ length: 20 }, () => ({ label: 'l'.repeat(3_000), value: 'v' })),
    });
    const [header, section, fields] = JSON.parse(JSON.stringify(blocksOf(long)));

    expect(header.text.text.length).toBe(150);
    expect(section.text.text.length).toBe(3_000);
    expect(fields.fields.length).toBe(10);
  });
});
