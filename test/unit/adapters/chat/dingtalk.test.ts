import { describe, expect, it } from 'vitest';
import { answerOf, templateOf } from '../../../../shared/adapters/chat/dingtalk/messages.ts';
import { createDingtalkTransport } from '../../../../shared/adapters/chat/dingtalk/receive.ts';
import { placeOf } from '../../../../shared/adapters/chat/dingtalk/room.ts';
import { aCardOf } from '../../../../shared/chat/card.ts';
import type { Received } from '../../../../shared/chat/transport.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { dingtalkMessage, dingtalkSecret } from '../../../helpers/chat.ts';

/**
 * DingTalk's documents have code that signs and no value that came of it. So this is the time of its document ("Robot receives messages"), signed with the secret of its example by openssl: printf 'TIME\nSECRET' | openssl dgst -sha256 -hmac SECRET -binary | base64.
 */
const signed = { timestamp: '1577262236757', sign: 'hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=' };

const transport = createDingtalkTransport({ appSecret: new Secret(dingtalkSecret) });

function receive(body: string, headers: Record<string, string> = signed, later = 0): Received {
  const now = Number(signed.timestamp) + later;
  return transport.receive({ headers: new Headers(headers), body: Buffer.from(body), now });
}

describe('requests of DingTalk', () => {
  it('say what was written to the robot, where, and by whom', () => {
    const group = receive(dingtalkMessage('status', { msgId: 'm1' }));
    const alone = receive(dingtalkMessage('status', { msgId: 'm2', conversationType: '1' }));

    expect(group).toEqual({
      kind: 'said',
      once: '1577262236757 m1',
      message: {
        eventId: 'message m1',
        user: 'U-OPS',
        room: 'group:cidxxxxx==',
        text: ' status',
        takesAnswer: true,
        answerUrl: null,
      },
    });
    expect(alone).toMatchObject({ message: { room: 'user:U-OPS' } });
  });

  it.each<[string, Record<string, string>, number]>([
    ['a wrong signature', { ...signed, sign: `${signed.sign.slice(0, -2)}A=` }, 0],
    ['no signature', { timestamp: signed.timestamp }, 0],
    ['another time', { ...signed, timestamp: '1577262236758' }, 0],
    ['no time', { sign: signed.sign }, 0],
    ['a time that is no number', { ...signed, timestamp: 'x' }, 0],
    ['an old time', signed, 300_001],
    ['a time to come', signed, -300_001],
  ])('are refused with %s', (_, headers, later) => {
    expect(receive(dingtalkMessage('status'), headers, later)).toEqual({ kind: 'refused' });
  });

  it.each(['', '{', '{}', dingtalkMessage('x', { user: null })])(
    'that say %j are nothing to do',
    (body) => {
      expect(receive(body)).toEqual({ kind: 'settled', body: { msgtype: 'empty' } });
    },
  );
});

describe('cards in DingTalk', () => {
  const card = aCardOf({
    title: 'Q4 [x](http://evil)',
    lines: ['# no heading'],
    facts: [{ label: 'Job', value: 'job_1' }],
    buttons: [
      { label: 'Approve', style: 'primary', command: 'approve job_1 code=k7', approves: null },
      { label: 'Reject', style: 'danger', command: 'reject job_1 no', approves: null },
    ],
    link: { label: 'Open', url: 'https://lanes.example.com/#/jobs/job_1' },
  });

  it('are ActionCards whose buttons are links that say something', () => {
    expect(answerOf(card)).toEqual({
      msgtype: 'actionCard',
      actionCard: {
        title: 'Q4 [x](http://evil)',
        text: '### Q4 \\[x\\]\\(http://evil\\)\n\n\\# no heading\n\n- **Job**: job\\_1',
        btnOrientation: '1',
        btns: [
          {
            title: 'Approve',
            actionURL: 'dtmd://dingtalkclient/sendMessage?content=approve%20job_1%20code%3Dk7',
          },
          {
            title: 'Reject',
            actionURL: 'dtmd://dingtalkclient/sendMessage?content=reject%20job_1%20no',
          },
          { title: 'Open', actionURL: 'https://lanes.example.com/#/jobs/job_1' },
        ],
      },
    });
  });

  it('are Markdown where there is nothing to press', () => {
    expect(answerOf(aCardOf({ title: 'Jobs' }))).toEqual({
      msgtype: 'markdown',
      markdown: { title: 'Jobs', text: '### Jobs' },
    });
  });

  it('go by the template for so many buttons', () => {
    const keys = [0, 1, 2].map(
      (count) => templateOf({ ...card, buttons: card.buttons.slice(0, count), link: null }).msgKey,
    );

    expect([...keys, templateOf(card).msgKey]).toEqual([
      'sampleMarkdown',
      'sampleActionCard',
      'sampleActionCard2',
      'sampleActionCard3',
    ]);
    expect(JSON.parse(templateOf(card).msgParam)).toMatchObject({
      actionTitle3: 'Open',
      actionURL1: expect.stringContaining('dtmd://'),
    });
  });

  it('go to a group or to one user', () => {
    expect(placeOf('group:cid1')).toEqual({ kind: 'group', conversation: 'cid1' });
    expect(placeOf('cid1')).toEqual({ kind: 'group', conversation: 'cid1' });
    expect(placeOf('user:U1')).toEqual({ kind: 'user', staff: 'U1' });
  });
});
