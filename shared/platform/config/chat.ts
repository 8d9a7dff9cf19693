import { z } from 'zod';
import type { Fault } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { ActorName, Roles } from './api-token.ts';

/*
 * Chat: which platforms call in, with what they are called, and who their users are here.
 */

/** The chat platforms, as paths and settings name them. */
export const chatPlatforms = ['slack', 'dingtalk', 'feishu'] as const;
export type ChatPlatform = (typeof chatPlatforms)[number];

/** A user of a chat platform who is somebody here. */
const ChatActor = z.strictObject({
  platform: z.enum(chatPlatforms, `must be one of ${chatPlatforms.join(', ')}`),
  /** As the platform names him: Slack's user id, DingTalk's staff id, Feishu's open id. */
  user: z.string('must be a text').regex(/^[\x21-\x7e]{1,128}$/, "must be the platform's user id"),
  /** A token of the same name in `API_TOKENS` is the same person. */
  name: ActorName,
  roles: Roles,
});
export type ChatActor = z.infer<typeof ChatActor>;

/** The value of `CHAT_ACTORS`: every user once. */
export const ChatActors = z
  .array(ChatActor, 'must be a JSON list of {"platform","user","name","roles"}')
  .refine(
    (actors) =>
      new Set(actors.map(({ platform, user }) => `${platform}:${user}`)).size === actors.length,
    'must not name a user of a platform twice',
  );

/** Chat, as far as it is configured. A platform that may call in has its secret, one that may be called its credentials. */
export interface ChatConfig {
  slack: { signingSecret: Secret | null; botToken: Secret | null };
  dingtalk: { appSecret: Secret | null; appKey: string | null };
  feishu: {
    callbacks: { verificationToken: Secret; encryptKey: Secret } | null;
    app: { id: string; secret: Secret } | null;
  };
  actors: readonly ChatActor[];
}

/** Variables that hold a secret of a platform. */
export const chatSecrets = [
  'SLACK_SIGNING_SECRET',
  'SLACK_BOT_TOKEN',
  'DINGTALK_APP_SECRET',
  'FEISHU_VERIFICATION_TOKEN',
  'FEISHU_ENCRYPT_KEY',
  'FEISHU_APP_SECRET',
] as const;

/** One that means nothing without the other. */
const pairs = [
  ['DINGTALK_APP_KEY', 'DINGTALK_APP_SECRET'],
  ['FEISHU_VERIFICATION_TOKEN', 'FEISHU_ENCRYPT_KEY'],
  ['FEISHU_ENCRYPT_KEY', 'FEISHU_VERIFICATION_TOKEN'],
  ['FEISHU_APP_ID', 'FEISHU_APP_SECRET'],
  ['FEISHU_APP_SECRET', 'FEISHU_APP_ID'],
] as const;

/** What is missing, and what stands in clear where it must be a reference. */
export function chatFaults(
  isGiven: (name: (typeof pairs)[number][number] | (typeof chatSecrets)[number]) => boolean,
  options: { deployed: boolean; isReferenced: (name: (typeof chatSecrets)[number]) => boolean },
): readonly Fault[] {
  const missing = pairs
    .filter(([one, other]) => isGiven(one) && !isGiven(other))
    .map(([one, path]) => ({ path, message: `is missing: ${one} means nothing without it` }));
  const inClear = chatSecrets
    .filter((name) => options.deployed && isGiven(name) && !options.isReferenced(name))
    .map((path) => ({
      path,
      message: 'must be a reference (file:PATH or kms-secret:NAME) when deployed',
    }));
  return [...missing, ...inClear];
}

/** The settings, when there were no faults. */
export function chatConfigOf(values: {
  SLACK_SIGNING_SECRET?: Secret | undefined;
  SLACK_BOT_TOKEN?: Secret | undefined;
  DINGTALK_APP_SECRET?: Secret | undefined;
  DINGTALK_APP_KEY?: string | undefined;
  FEISHU_VERIFICATION_TOKEN?: Secret | undefined;
  FEISHU_ENCRYPT_KEY?: Secret | undefined;
  FEISHU_APP_ID?: string | undefined;
  FEISHU_APP_SECRET?: Secret | undefined;
  CHAT_ACTORS?: readonly ChatActor[] | undefined;
}): ChatConfig {
  const { FEISHU_VERIFICATION_TOKEN: verificationToken, FEISHU_ENCRYPT_KEY: encryptKey } = values;
  const { FEISHU_APP_ID: id, FEISHU_APP_SECRET: secret } = values;
  return {
    slack: {
      signingSecret: values.SLACK_SIGNING_SECRET ?? null,
      botToken: values.SLACK_BOT_TOKEN ?? null,
    },
    dingtalk: {
      appSecret: values.DINGTALK_APP_SECRET ?? null,
      appKey: values.DINGTALK_APP_KEY ?? null,
    },
    feishu: {
      callbacks: verificationToken && encryptKey ? { verificationToken, encryptKey } : null,
      app: id !== undefined && secret ? { id, secret } : null,
    },
    actors: values.CHAT_ACTORS ?? [],
  };
}
