import { z } from 'zod';
import type { Fault } from '../errors.ts';
import { checkReceiverHost, receiverShape } from './sinks.ts';

/*
 * Who is notified: `NOTIFY` is a JSON object from names to receivers over HTTPS and rooms of chat platforms.
 */

/** What somebody can be notified of. */
export const noticeKinds = [
  'started',
  'awaiting_approval',
  'paused',
  'stopped',
  'batch',
  'finished',
  'refuted',
] as const;

const Events = z
  .array(
    z.enum(noticeKinds, `must be one of ${noticeKinds.join(', ')}`),
    `must be a list of ${noticeKinds.join(', ')}`,
  )
  .min(1, 'must name at least one; leave it out to take all')
  .optional();

const NotifyWebhook = z
  .strictObject({ type: z.literal('webhook'), events: Events, ...receiverShape })
  .superRefine(checkReceiverHost);

const RoomId = z.string('must be a text').regex(/^[\x21-\x7e]{1,200}$/, "must be a room's id");

/** A group of DingTalk is copied without a prefix; messages from it come with one, and both are one room. */
const DingtalkRoomId = RoomId.transform((id) => (/^(group|user):/.test(id) ? id : `group:${id}`));

/** A room in which cards of all jobs are shown. */
const roomOf = <const Platform extends string>(
  type: Platform,
  room: typeof RoomId | typeof DingtalkRoomId = RoomId,
) => z.strictObject({ type: z.literal(type), room, events: Events });

const Target = z.discriminatedUnion(
  'type',
  [NotifyWebhook, roomOf('slack'), roomOf('dingtalk', DingtalkRoomId), roomOf('feishu')],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? 'must be webhook, slack, dingtalk or feishu'
        : 'must be an object with a type',
  },
);
export type NotifyWebhookSettings = z.infer<typeof NotifyWebhook>;

/** The value of `NOTIFY`. */
export const Notify = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be named by lower-case letters, digits and -'),
  Target,
  'must be a JSON object from names to webhooks and rooms',
);
export type Notify = z.infer<typeof Notify>;

const neededForRoom = {
  slack: 'SLACK_BOT_TOKEN',
  dingtalk: 'DINGTALK_APP_KEY',
  feishu: 'FEISHU_APP_ID',
} as const;

/** Rooms that cannot be written to, and secrets that stand in clear where they must not. */
export function notifyFaults(
  notify: Notify,
  options: {
    deployed: boolean;
    isReferenced: boolean;
    isGiven: (name: (typeof neededForRoom)[keyof typeof neededForRoom]) => boolean;
  },
): readonly Fault[] {
  const all = Object.entries(notify);
  const deaf = all.flatMap(([name, { type }]) => {
    const needed = type === 'webhook' ? null : neededForRoom[type];
    if (needed === null || options.isGiven(needed)) return [];
    return [{ path: `NOTIFY/${name}/type`, message: `needs ${needed}` }];
  });
  const holdsSecret = all.some(([, { type }]) => type === 'webhook');
  const message = 'must be a reference when deployed: it holds a secret';
  const inClear = options.deployed && holdsSecret && !options.isReferenced;
  return [...deaf, ...(inClear ? [{ path: 'NOTIFY', message }] : [])];
}
