/**
 * What is counted in a run, with what at least has to happen in a minute of it: about a third of what is planned. A run that
 * met less proves nothing.
 */
const minimumsPerMinute = {
  /** Workers that were killed. */
  kills: 3,
  /** Workers that were stopped for longer than their leases and went on. */
  suspensions: 2,
  /** Lanes that were leased to a worker when it was killed or suspended, and went to another. */
  takeovers: 6,
  /** Ends without shutdown; two where the second came during the recovery. */
  databaseRestarts: 1,
  /** Answers of cloud and database that were lost after their request had gone through. */
  lostReplies: 10,
  /** Refusals of the cloud because something else was in flight. */
  busyAnswers: 5,
  /** Requests sent once more, after a read: the fate of the first was unknown, or it was refused as busy. */
  retries: 5,
  /** Connections whose keys were rotated. */
  rotations: 6,
  /** Changes that ended. */
  changes: 60,
};

export type CountName = keyof typeof minimumsPerMinute;
export type Counts = Readonly<Record<CountName, number>>;

/** Every name, in the order of a report. */
export const countNames: readonly CountName[] = [
  'kills',
  'suspensions',
  'takeovers',
  'databaseRestarts',
  'lostReplies',
  'busyAnswers',
  'retries',
  'rotations',
  'changes',
];

/** What of a run decides how often things must have happened. */
export interface Demands {
  minutes: number;
  /** Kills that are wanted, where that is more than usual. */
  kills: number;
  rotates: boolean;
}

/** How often a thing must at least have happened in a run; once in the shortest. */
export function minimumOf(name: CountName, { minutes, kills, rotates }: Demands): number {
  if (name === 'rotations' && !rotates) return 0;
  const usual = Math.max(1, Math.floor(minimumsPerMinute[name] * minutes));
  return name === 'kills' ? Math.max(kills, usual) : usual;
}

/** What a run met too little of, each as a sentence. */
export function vacuities(counts: Counts, demands: Demands): readonly string[] {
  return countNames
    .filter((name) => counts[name] < minimumOf(name, demands))
    .map((name) => `${name}: ${counts[name]}, at least ${minimumOf(name, demands)} are needed`);
}
