/** What a resolved job waits for before it takes its place. Times are ISO 8601 UTC. */
export type Hold =
  /** `until`: when it is cancelled unless so many have agreed. */
  | { kind: 'approval'; required: number; given: readonly string[]; until: string }
  | { kind: 'window'; until: string };

/** What the job waits for, as its reason. */
export function holdReason(hold: Hold): string {
  if (hold.kind === 'window') return `waits until ${hold.until}, when its window opens`;
  const { required, given, until } = hold;
  const names = given.length === 0 ? '' : ` (${given.join(', ')})`;
  const count = required === 1 ? '1 approval' : `${required} approvals`;
  return `waits for ${count} until ${until}, ${given.length} given${names}`;
}
