/** Where messages are sent: a group by its conversation, a user by his staff id, and by which robot when that is told. */
export type Place = { kind: 'group'; conversation: string } | { kind: 'user'; staff: string };

/** The room of a message to the robot, as one text: `group:…` or `user:…`. */
export function roomOf(message: {
  conversationType: '1' | '2';
  conversationId: string;
  senderStaffId: string;
}): string {
  return message.conversationType === '2'
    ? `group:${message.conversationId}`
    : `user:${message.senderStaffId}`;
}

/** The place that a room's text names; what has no prefix is a group, as people copy it. */
export function placeOf(room: string): Place {
  const [, kind = 'group', id = room] = /^(group|user):(.*)$/s.exec(room) ?? [];
  return kind === 'user' ? { kind, staff: id } : { kind: 'group', conversation: id };
}
