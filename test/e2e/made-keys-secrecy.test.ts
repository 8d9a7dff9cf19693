import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nowSeconds, slackSecret, slackSignature, slashCommand } from '../helpers/chat.ts';
import { startFakeReceiver, startFakeSlack, webhookTo } from '../helpers/chat-platforms.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { startEchoingCloud } from '../helpers/echoing-cloud.ts';
import {
  callerOf,
  jsonBody,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
} from '../helpers/host.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { aCanary, leaksIn } from '../helpers/sweep.ts';
import { type Ask, dumpOf, listening, readEverything } from '../helpers/sweep-places.ts';

/*
 * P5 for keys that the service makes: they are in the cloud and in the sinks, and nowhere else in clear. They are learned from what
 * a receiver decrypts; one connection refuses them and repeats in its error message whatever it was sent.
 */

const size = { gateways: 2, connectionsPerGateway: 2, attachments: 3 };
const typedIntoChat = aCanary('chatted9');
const botToken = aCanary('xoxb-t10');
const redirected = new URL('../helpers/slack-redirected.mjs', import.meta.url);

const Values = z.object({ 'IkeConfig.Psk': z.string() });

/** Every key that a receiver was given, whatever became of it. */
function keysAt({ versions }: Receiver): readonly string[] {
  return [...versions.values()].map(({ values }) => Values.parse(values)['IkeConfig.Psk']);
}

/** Says something in a room of Slack's, and keeps the card that answers. */
function say(ask: Ask, text: string): Promise<string> {
  const body = slashCommand(text);
  const timestamp = nowSeconds();
  return ask('/v1/chatops/slack', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': String(timestamp),
      'x-slack-signature': slackSignature(body, timestamp),
    },
    body,
  });
}

describe('a key that is made', () => {
  it('shows in nothing that comes out but its sinks, in no form', async () => {
    const { url: database, drop } = await createServerDatabase();
    // Logs tell seconds: what negotiates within one of them proves nothing.
    const cloud = await startCloud(size, { SIM_FAULTS: 'on', SIM_SETTLE_MS: '2200-3000' });
    const { connections } = cloud.inventory;
    const [refusing] = connections.slice(-1);
    const echoing = await startEchoingCloud(cloud.url, refusing ? [refusing.id] : []);
    const [routers, oncall] = [await startReceiver(), await startFakeReceiver()];
    const slack = await startFakeSlack();
    const { url, signingSecret, encryptionKey } = routers;
    const sink = { type: 'webhook', url, signingSecret, encryptionKey };
    const actor = { platform: 'slack', user: 'U-OPS', name: 'ops', roles: ['operator', 'viewer'] };
    const host = await startHostProcess({
      ...quickWorker,
      ...cloud.environment,
      VPC_ENDPOINT: echoing.url,
      KMS_ENDPOINT: cloud.url,
      DATABASE_URL: database,
      DATA_DIR: await temporaryFolder(),
      LOG_LEVEL: 'debug',
      SINKS: JSON.stringify({
        kms: { type: 'kms' },
        routers: { ...sink, allowedPrivateHosts: ['127.0.0.1'] },
      }),
      NOTIFY: JSON.stringify({
        oncall: webhookTo(oncall),
        room: { type: 'slack', room: 'C-NOTIFIED' },
      }),
      NODE_OPTIONS: `--import ${redirected}`,
      SLACK_INSTEAD: slack.url,
      SLACK_SIGNING_SECRET: slackSecret,
      SLACK_BOT_TOKEN: botToken,
      CHAT_ACTORS: JSON.stringify([actor]),
    });
    const caller = callerOf(host.url, host.freshToken);
    const { ask, heard } = listening(caller);
    const plan = {
      title: 'made keys',
      targets: connections.map(({ regionId, id }) => ({ regionId, vpnConnectionId: id })),
      rotatePsk: true,
      handover: { deliverTo: ['routers', 'kms'] },
      rollout: { concurrency: '100%', redundancy: 'none' },
      onFailure: 'continue',
    };

    // The keys of the first job are the previous ones of those after it.
    const { id: first } = JSON.parse(await ask('/v1/jobs', jsonBody(plan)));
    await caller.ended(first);
    const region = connections[0]?.regionId;
    const told = await say(
      ask,
      `rotate region=${region} name=* deliverTo=kms,routers onFailure=rollback concurrency=100% maxErrors=100%`,
    );
    const [second = ''] = /job_\w+/.exec(told) ?? [];
    await caller.ended(second);
    const { id: back } = JSON.parse(
      await ask(`/v1/jobs/${second}/rollback`, jsonBody({ reason: 'to see the old keys travel' })),
    );
    await caller.ended(back);
    await say(ask, `status ${second}`);
    await say(ask, `rotate region=${region} Psk=${typedIntoChat}`);
    await readEverything(ask, [first, second, back]);
    await host.end('SIGTERM');
    const dump = await dumpOf(database);
    await drop();
    await Promise.all([routers.close(), oncall.close(), slack.close()]);

    const made = keysAt(routers);
    const places = {
      logs: host.stdout() + host.stderr(),
      answers: heard.join('\n'),
      dump,
      notices: JSON.stringify(oncall.notices),
      rooms: JSON.stringify(slack.calls().map(({ path, body }) => [path, body])),
      // What travels to a sink is sealed: the key is inside alone.
      wire: JSON.stringify(routers.requests),
    };
    // What was planted did get to where it could leak.
    expect(new Set(made).size).toBe(2 * connections.length);
    expect(made).toHaveLength(3 * connections.length - 1);
    expect(echoing.echoes()).toBeGreaterThan(1);
    expect(places.notices).toContain(second);
    expect(new Set([...slack.messages.values()].map(({ room }) => room)).size).toBe(2);
    expect(places.rooms).toContain('chat.update');
    expect(places.rooms).toContain(back);
    expect(slack.calls()[0]?.headers.authorization).toBe(`Bearer ${botToken}`);
    expect(places.answers).toContain('keys_made');
    expect(dump).toContain('"deliveries"');
    // And did not.
    expect(leaksIn(places, [...made, typedIntoChat, botToken, slackSecret])).toEqual([]);
  }, 180_000);
});
