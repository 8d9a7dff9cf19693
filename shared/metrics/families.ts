/*
 * What is counted in the processes and kept in the database, because instances come and go. What the database knows anyway
 * (states, lanes, budgets) is not here: it is read when somebody asks.
 */

/** A counter: how often something happened, by its labels. */
interface CounterFamily {
  kind: 'counter';
  help: string;
}

/** How long things took, in seconds, by their labels. */
interface HistogramFamily {
  kind: 'histogram';
  help: string;
  /** Upper bounds of the buckets, rising; one without a bound follows. */
  bounds: readonly number[];
}

/** By their names, to which `lanekeeper_` is put when they are shown. */
export const families = {
  api_calls_total: {
    kind: 'counter',
    help: 'Calls of the VPC API, by action and by the code of the answer (OK, or why it failed).',
  },
  changes_finished_total: {
    kind: 'counter',
    help: 'Changes that workers brought to an end, by state and code of the last error.',
  },
  change_wait_seconds: {
    kind: 'histogram',
    help: 'From the acceptance of a change until its lane first took it.',
    bounds: [1, 5, 15, 60, 300, 900, 3_600, 14_400],
  },
  settle_seconds: {
    kind: 'histogram',
    help: 'From sending a request until the cloud was seen done with it, by what was busy.',
    bounds: [5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600],
  },
} as const satisfies Record<string, CounterFamily | HistogramFamily>;

type Families = typeof families;
type NamesOf<Kind> = {
  [Name in keyof Families]: Families[Name]['kind'] extends Kind ? Name : never;
}[keyof Families];

export type CounterName = NamesOf<'counter'>;
export type HistogramName = NamesOf<'histogram'>;

/** Names and values of labels. Few values each: every combination is a row. */
export type Labels = Readonly<Record<string, string>>;
