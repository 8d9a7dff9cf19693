import { families, type Labels } from './families.ts';
import { type FleetState, laneConditions } from './fleet-state.ts';
import type { TallyEntry } from './tally.ts';

/*
 * The text that Prometheus reads. Source: "Exposition formats" of Prometheus, text-based format 0.0.4. A writer of our own:
 * client libraries keep numbers of their process, ours are those of the whole fleet.
 */

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

interface Sample {
  /** What follows the family's name: empty, `_bucket`, `_sum` or `_count`. */
  suffix?: string;
  labels: Labels;
  value: number;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function line(name: string, { suffix = '', labels, value }: Sample): string {
  // Stored labels come back in another order than they were given.
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const pairs = sorted.map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function family(
  shortName: string,
  kind: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: readonly Sample[],
): string {
  const name = `lanekeeper_${shortName}`;
  const head = [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`];
  return [...head, ...samples.map((sample) => line(name, sample))].join('\n');
}

function gauge(name: string, help: string, values: Iterable<readonly [Labels, number]>): string {
  return family(
    name,
    'gauge',
    help,
    Array.from(values, ([labels, value]) => ({ labels, value })),
  );
}

function byLabel(label: string, values: Readonly<Record<string, number>>): [Labels, number][] {
  return Object.entries(values).map(([text, value]) => [{ [label]: text }, value]);
}

/** The samples of a histogram: for each combination of labels its buckets, each with all before it, its sum and its count. */
function histogramSamples(
  name: string,
  bounds: readonly number[],
  tallies: readonly TallyEntry[],
): Sample[] {
  const sums = tallies.filter((entry) => entry.name === `${name}_sum`);
  const buckets = tallies.filter((entry) => entry.name === `${name}_bucket`);
  return sums.flatMap(({ labels, value }) => {
    const own = buckets.filter((bucket) =>
      Object.entries(labels).every(([label, text]) => bucket.labels[label] === text),
    );
    let count = 0;
    const samples = [...bounds.map(String), '+Inf'].map((le): Sample => {
      count += own.find((bucket) => bucket.labels.le === le)?.value ?? 0;
      return { suffix: '_bucket', labels: { ...labels, le }, value: count };
    });
    return [
      ...samples,
      { suffix: '_sum', labels, value },
      { suffix: '_count', labels, value: count },
    ];
  });
}

function tallied(tallies: readonly TallyEntry[]): string[] {
  return Object.entries(families).map(([name, { kind, help, ...rest }]) =>
    family(
      name,
      kind,
      help,
      'bounds' in rest
        ? histogramSamples(name, rest.bounds, tallies)
        : tallies.filter((entry) => entry.name === name),
    ),
  );
}

/** The fleet's numbers as Prometheus text. Order and names are stable. */
export function exposition(state: FleetState): string {
  const lanes = laneConditions.map(
    (condition) => [{ state: condition }, state.lanes[condition]] as const,
  );
  const budgets = state.budgets.map(
    ({ regionId, action, left }) => [{ region: regionId, action }, left] as const,
  );
  const texts = [
    gauge('jobs', 'Jobs by state.', byLabel('state', state.jobs)),
    gauge('changes', 'Changes by state.', byLabel('state', state.changes)),
    gauge('lanes', 'Lanes with something to do, by how they stand.', lanes),
    gauge('lane_waiting_changes', 'Changes that wait for their lane, over all lanes.', [
      [{}, state.waiting.total],
    ]),
    gauge('lane_waiting_changes_longest', 'Changes that wait for the lane with most of them.', [
      [{}, state.waiting.longest],
    ]),
    gauge(
      'queue_age_seconds',
      'For how long the lane that is due longest has waited for a worker.',
      [[{}, state.queueAgeSeconds]],
    ),
    gauge('api_budget_left', 'Calls that may still be made in the present minute.', budgets),
    ...tallied(state.tallies),
  ];
  return `${texts.join('\n')}\n`;
}
