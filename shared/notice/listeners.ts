import type { Room } from '../chat/chat-store.ts';
import { type Notify, noticeKinds } from '../platform/config/notify.ts';

/** A room that `NOTIFY` names. */
export interface NotifiedRoom {
  room: Room;
  /** Kinds that have the job's card shown there; null takes all. */
  events: readonly string[] | null;
}

/** The rooms that are notified. */
export function roomsOf(notify: Notify): readonly NotifiedRoom[] {
  return Object.values(notify).flatMap((target) => {
    if (target.type === 'webhook') return [];
    const { type: platform, room: id, events = null } = target;
    return [{ room: { platform, id }, events }];
  });
}

/** The kinds of which anybody is notified. */
export function kindsOf(notify: Notify): readonly string[] {
  return [...new Set(Object.values(notify).flatMap(({ events }) => events ?? noticeKinds))];
}
