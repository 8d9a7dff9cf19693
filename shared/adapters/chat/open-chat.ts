import type { ChatAnswerer, ChatSender } from '../../chat/sender.ts';
import type { ChatTransport } from '../../chat/transport.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ChatConfig, ChatPlatform } from '../../platform/config/chat.ts';
import type { JsonClient } from '../../platform/http/json-client.ts';
import { createDingtalkTransport } from './dingtalk/receive.ts';
import { createDingtalkSender } from './dingtalk/send.ts';
import { createFeishuTransport } from './feishu/receive.ts';
import { createFeishuSender } from './feishu/send.ts';
import { createSlackAnswerer } from './slack/answer.ts';
import { createSlackTransport } from './slack/receive.ts';
import { createSlackSender } from './slack/send.ts';

/** The platforms that may call in. */
export function openTransports({ slack, dingtalk, feishu }: ChatConfig): readonly ChatTransport[] {
  const { signingSecret } = slack;
  const { appSecret } = dingtalk;
  return [
    ...(signingSecret === null ? [] : [createSlackTransport({ signingSecret })]),
    ...(appSecret === null ? [] : [createDingtalkTransport({ appSecret })]),
    ...(feishu.callbacks === null ? [] : [createFeishuTransport(feishu.callbacks)]),
  ];
}

/** The platforms that can be called. */
export function callablePlatforms(chat: ChatConfig): ReadonlySet<ChatPlatform> {
  const { slack, dingtalk, feishu } = chat;
  const isCallable: Readonly<Record<ChatPlatform, boolean>> = {
    slack: slack.botToken !== null,
    dingtalk: dingtalk.appKey !== null,
    feishu: feishu.app !== null,
  };
  const all = ['slack', 'dingtalk', 'feishu'] as const;
  return new Set(all.filter((platform) => isCallable[platform]));
}

/** The platforms that take answers without credentials, where an address for one came with what was said. */
export function openAnswerers(call: JsonClient): readonly ChatAnswerer[] {
  return [createSlackAnswerer({}, call)];
}

/** The platforms that can be called, ready for it. `endpoints` stand for where they are, in tests. */
export function openSenders(
  { slack, dingtalk, feishu }: ChatConfig,
  {
    call,
    clock,
    endpoints = {},
  }: { call: JsonClient; clock: Clock; endpoints?: Partial<Record<ChatPlatform, string>> },
): readonly ChatSender[] {
  const at = (platform: ChatPlatform): { endpoint?: string } => {
    const endpoint = endpoints[platform];
    return endpoint === undefined ? {} : { endpoint };
  };
  const monotonic = (): number => clock.monotonic();
  const { botToken } = slack;
  const { appKey, appSecret } = dingtalk;
  return [
    ...(botToken === null ? [] : [createSlackSender({ botToken, ...at('slack') }, call)]),
    ...(appKey === null || appSecret === null
      ? []
      : [createDingtalkSender({ appKey, appSecret, ...at('dingtalk') }, call, monotonic)]),
    ...(feishu.app === null
      ? []
      : [createFeishuSender({ ...feishu.app, ...at('feishu') }, call, monotonic)]),
  ];
}
