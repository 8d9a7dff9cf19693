import { EventDispatcher } from '@larksuiteoapi/node-sdk';
import { describe, expect, it } from 'vitest';
import { cardOf } from '../../../../shared/adapters/chat/feishu/cards.ts';
import { createFeishuTransport, decrypt } from '../../../../shared/adapters/chat/feishu/receive.ts';
import { aCardOf } from '../../../../shared/chat/card.ts';
import type { Received } from '../../../../shared/chat/transport.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import {
  feishuAction,
  feishuEncrypted,
  feishuKeys,
  feishuMessage,
  feishuRequest,
} from '../../../helpers/chat.ts';

const transport = createFeishuTransport({
  verificationToken: new Secret(feishuKeys.verificationToken),
  encryptKey: new Secret(feishuKeys.encryptKey),
});

const timestamp = 1_608_725_989;

async function receive(request: Request, now = timestamp): Promise<Received> {
  const body = Buffer.from(await request.arrayBuffer());
  return transport.receive({ headers: request.headers, body, now: now * 1_000 });
}

const quiet = (): void => undefined;
const silent = { error: quiet, warn: quiet, info: quiet, debug: quiet, trace: quiet };

/** What Feishu's own library makes of the same request; undefined when it refuses it. */
async function libraryTakes(request: Request): Promise<unknown> {
  const events: unknown[] = [];
  const keep = (event: unknown): string => {
    events.push(event);
    return 'taken';
  };
  const library = new EventDispatcher({ ...feishuKeys, logger: silent });
  library.register({ 'im.message.receive_v1': keep, 'card.action.trigger': keep });
  const headers = Object.fromEntries(request.headers);
  const data = Object.assign(Object.create({ headers }), await request.json());
  await library.invoke(data);
  return events[0];
}

const signed = (value: unknown): Request => feishuRequest(feishuEncrypted(value), { timestamp });

describe('requests of Feishu', () => {
  it('are decrypted as its documents show it', () => {
    // open.feishu.cn, "Receive events", "Decryption".
    const documented = 'P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=';

    expect(decrypt(new Secret('test key'), documented)).toBe('hello world');
    expect(decrypt(new Secret('other key'), documented)).not.toBe('hello world');
    expect(decrypt(new Secret('test key'), 'AAAA')).toBeNull();
  });

  it.each([
    ['a message', feishuMessage('status')],
    ['a button', feishuAction('pause job_1')],
  ])('with %s are signed and encrypted as its own library takes them', async (_, event) => {
    const taken = await libraryTakes(signed(event));

    expect(taken).toMatchObject(event.event ?? {});
    expect(await receive(signed(event))).toMatchObject({ kind: 'said' });
  });

  it.each<[string, Record<string, string>]>([
    ['another time', { 'X-Lark-Request-Timestamp': String(timestamp + 1) }],
    ['another nonce', { 'X-Lark-Request-Nonce': 'other' }],
    ['another signature', { 'X-Lark-Signature': '0'.repeat(64) }],
    ['no signature', { 'X-Lark-Signature': '' }],
  ])('are refused with %s, as its library does', async (_, changed) => {
    const whole = signed(feishuMessage('status'));
    const headers = { ...Object.fromEntries(whole.headers), ...changed };
    const body = await whole.text();
    const request = (): Request => new Request(whole.url, { method: 'POST', headers, body });

    expect(await libraryTakes(request())).toBeUndefined();
    expect(await receive(request())).toEqual({ kind: 'refused' });
  });

  it('are refused with another body, as its library does', async () => {
    const whole = signed(feishuMessage('status'));
    const body = feishuEncrypted(feishuMessage('cancel job_1'));
    const request = (): Request =>
      new Request(whole.url, { method: 'POST', headers: whole.headers, body });

    expect(await libraryTakes(request())).toBeUndefined();
    expect(await receive(request())).toEqual({ kind: 'refused' });
  });

  it('say what was written to the app, without its mention', async () => {
    expect(await receive(signed(feishuMessage('status')))).toMatchObject({
      kind: 'said',
      message: {
        user: 'U-OPS',
        room: 'oc_5ce6d572455d361153b7xx51da133945',
        text: '  status',
        takesAnswer: false,
      },
    });
  });

  it('say what a pressed button says', async () => {
    expect(await receive(signed(feishuAction('pause job_1')))).toMatchObject({
      kind: 'said',
      message: { user: 'U-OPS', text: 'pause job_1', takesAnswer: true },
    });
  });

  it('ask for the challenge, encrypted and with the token, but unsigned', async () => {
    const asked = (token: string): string =>
      feishuEncrypted({ challenge: 'ajls384kdjx98XX', token, type: 'url_verification' });

    expect(await receive(feishuRequest(asked('v-token'), { signature: '' }))).toEqual({
      kind: 'settled',
      body: { challenge: 'ajls384kdjx98XX' },
    });
    expect(await receive(feishuRequest(asked('wrong'), { signature: '' }))).toEqual({
      kind: 'refused',
    });
  });

  it.each<[string, () => Request, number?]>([
    [
      'a wrong signature',
      () => feishuRequest(feishuEncrypted(feishuMessage('x')), { timestamp, signature: '00' }),
    ],
    [
      'no signature',
      () => feishuRequest(feishuEncrypted(feishuMessage('x')), { timestamp, signature: '' }),
    ],
    ['an old time', () => signed(feishuMessage('x')), timestamp + 301],
    ['a time to come', () => signed(feishuMessage('x')), timestamp - 301],
    [
      'another key',
      () => feishuRequest(feishuEncrypted(feishuMessage('x'), 'other'), { timestamp }),
    ],
    ['nothing encrypted', () => feishuRequest(JSON.stringify(feishuMessage('x')), { timestamp })],
    ['no JSON', () => feishuRequest('{', { timestamp })],
    [
      'another token',
      () =>
        signed({
          ...feishuMessage('x'),
          header: { event_id: 'e', event_type: 'im.message.receive_v1', token: 'wrong' },
        }),
    ],
  ])('are refused with %s', async (_, request, now = timestamp) => {
    expect(await receive(request(), now)).toEqual({ kind: 'refused' });
  });

  it('of other kinds are nothing to do', async () => {
    expect(await receive(signed({ schema: '2.0', header: { token: 'v-token' } }))).toEqual({
      kind: 'settled',
      body: {},
    });
    expect(await receive(signed(null))).toEqual({ kind: 'refused' });
  });
});

describe('cards in Feishu', () => {
  const card = aCardOf({
    title: 'Q4 <at id=all></at>',
    tone: 'warning',
    lines: ['Waits.'],
    facts: [{ label: 'Job', value: 'job_1' }],
    buttons: [{ label: 'Approve', style: 'primary', command: 'approve job_1', approves: null }],
    link: { label: 'Open', url: 'https://lanes.example.com/#/jobs/job_1' },
    audience: 'room',
  });

  it('are interactive cards of plain text alone', () => {
    const made = JSON.parse(JSON.stringify(cardOf(card)));

    expect(made).toMatchObject({
      config: { update_multi: true },
      header: {
        template: 'orange',
        title: { tag: 'plain_text', content: '⚠️ Q4 <at id=all></at>' },
      },
    });
    expect(JSON.stringify(made)).not.toContain('lark_md');
    expect(made.elements.at(-1)).toEqual({
      tag: 'action',
      actions: [
        {
          tag: 'button',
          text: { tag: 'plain_text', content: 'Approve' },
          type: 'primary',
          value: { command: 'approve job_1' },
        },
        {
          tag: 'button',
          text: { tag: 'plain_text', content: 'Open' },
          type: 'default',
          url: 'https://lanes.example.com/#/jobs/job_1',
        },
      ],
    });
  });

  it('take the place of the card whose button was pressed, or are told as a toast', () => {
    expect(transport.answer(card)).toMatchObject({
      toast: { type: 'success' },
      card: { type: 'raw' },
    });
    expect(
      transport.answer(
        aCardOf({
          title: 'There is no such thing',
          tone: 'warning',
          lines: ['unknown job job_x.'],
        }),
      ),
    ).toEqual({
      toast: { type: 'error', content: 'There is no such thing: unknown job job_x.' },
    });
  });
});
