import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../shared/platform/config.ts';

const load = (environment: Record<string, string>, deployed = false) =>
  loadConfig({ deployed, environment, readText: async () => 'read' });

async function faultsOf(environment: Record<string, string>, deployed = false) {
  const error = await load(environment, deployed).catch((thrown: unknown) => thrown);
  const faults: { path: string; message: string }[] = Reflect.get(Object(error), 'faults') ?? [];
  return Object.fromEntries(faults.map(({ path, message }) => [path, message]));
}

const ming = { platform: 'slack', user: 'U1', name: 'ming', roles: ['operator'] };
const signingSecret = 'HUSH HUSH HUSH HUSH HUSH HUSH HUSH';

describe('chat platforms', () => {
  it('are off unless they have their secrets, which are never shown', async () => {
    const off = await load({});
    const on = await load({
      SLACK_SIGNING_SECRET: 'HUSH',
      FEISHU_VERIFICATION_TOKEN: 'HUSH',
      FEISHU_ENCRYPT_KEY: 'HUSH',
      CHAT_ACTORS: JSON.stringify([ming]),
    });

    expect(off.chat).toEqual({
      slack: { signingSecret: null, botToken: null },
      dingtalk: { appSecret: null, appKey: null },
      feishu: { callbacks: null, app: null },
      actors: [],
    });
    expect(on.chat.feishu.callbacks).not.toBeNull();
    expect(on.chat.actors).toEqual([ming]);
    expect(JSON.stringify(on.chat)).not.toContain('HUSH');
  });

  it('need both of what means nothing alone', async () => {
    expect(
      await faultsOf({
        DINGTALK_APP_KEY: 'k',
        FEISHU_ENCRYPT_KEY: 'HUSH',
        FEISHU_APP_SECRET: 'HUSH',
      }),
    ).toEqual({
      DINGTALK_APP_SECRET: 'is missing: DINGTALK_APP_KEY means nothing without it',
      FEISHU_VERIFICATION_TOKEN: 'is missing: FEISHU_ENCRYPT_KEY means nothing without it',
      FEISHU_APP_ID: 'is missing: FEISHU_APP_SECRET means nothing without it',
    });
  });

  it('keep their secrets by reference when deployed', async () => {
    const faults = await faultsOf(
      {
        SLACK_SIGNING_SECRET: 'HUSH',
        SLACK_BOT_TOKEN: 'file:token',
        DINGTALK_APP_SECRET: 'HUSH',
        DINGTALK_APP_KEY: 'k',
        NOTIFY: JSON.stringify({
          ops: { type: 'webhook', url: 'https://a.example.com', signingSecret },
        }),
      },
      true,
    );

    expect(faults).toMatchObject({
      SLACK_SIGNING_SECRET: expect.stringContaining('must be a reference'),
      DINGTALK_APP_SECRET: expect.stringContaining('must be a reference'),
      NOTIFY: expect.stringContaining('must be a reference'),
    });
    expect(faults).not.toHaveProperty('SLACK_BOT_TOKEN');
    expect(faults).not.toHaveProperty('DINGTALK_APP_KEY');
    expect(JSON.stringify(faults)).not.toContain('HUSH');
  });
});

describe('CHAT_ACTORS', () => {
  it('tells every fault by its place', async () => {
    const actors = [
      { ...ming, platform: 'irc' },
      { ...ming, user: '' },
      { ...ming, name: 'no name', roles: ['king'], more: 1 },
    ];

    expect(Object.keys(await faultsOf({ CHAT_ACTORS: JSON.stringify(actors) })).sort()).toEqual([
      'CHAT_ACTORS/0/platform',
      'CHAT_ACTORS/1/user',
      'CHAT_ACTORS/2/more',
      'CHAT_ACTORS/2/name',
      'CHAT_ACTORS/2/roles/0',
    ]);
    expect(await faultsOf({ CHAT_ACTORS: '{}' })).toEqual({
      CHAT_ACTORS: 'must be a JSON list of {"platform","user","name","roles"}',
    });
    expect(
      await faultsOf({ CHAT_ACTORS: JSON.stringify([ming, { ...ming, name: 'li' }]) }),
    ).toEqual({
      CHAT_ACTORS: 'must not name a user of a platform twice',
    });
  });
});

describe('NOTIFY', () => {
  it('takes webhooks and rooms by their names', async () => {
    const { notify } = await load({
      SLACK_BOT_TOKEN: 'HUSH',
      NOTIFY: JSON.stringify({
        ops: {
          type: 'webhook',
          url: 'https://ops.example.com/n',
          signingSecret,
          events: ['finished'],
        },
        room: { type: 'slack', room: 'C0001' },
      }),
    });

    expect(notify).toMatchObject({
      ops: { type: 'webhook', events: ['finished'], timeoutMs: 10_000, allowedPrivateHosts: [] },
      room: { type: 'slack', room: 'C0001' },
    });
    expect(JSON.stringify(notify)).not.toContain('HUSH');
  });

  it('tells every fault by its place', async () => {
    const faults = await faultsOf({
      NOTIFY: JSON.stringify({
        'No Name': { type: 'slack', room: 'C1' },
        fax: { type: 'fax' },
        room: { type: 'feishu', room: '' },
        ops: {
          type: 'webhook',
          url: 'http://HUSH.example.com',
          signingSecret: 'HUSH',
          events: ['x'],
        },
        near: { type: 'webhook', url: 'https://10.0.0.1/', signingSecret },
      }),
    });

    expect(Object.keys(faults).sort()).toEqual([
      'NOTIFY/No Name',
      'NOTIFY/fax/type',
      'NOTIFY/near/url',
      'NOTIFY/ops/events/0',
      'NOTIFY/ops/signingSecret',
      'NOTIFY/ops/url',
      'NOTIFY/room/room',
    ]);
    expect(JSON.stringify(faults)).not.toContain('HUSH');
    expect(await faultsOf({ NOTIFY: '[]' })).toEqual({
      NOTIFY: 'must be a JSON object from names to webhooks and rooms',
    });
  });

  it('needs credentials for a room', async () => {
    const room = JSON.stringify({ room: { type: 'slack', room: 'C0001' } });

    expect(await faultsOf({ NOTIFY: room })).toEqual({
      'NOTIFY/room/type': 'needs SLACK_BOT_TOKEN',
    });
  });
});
