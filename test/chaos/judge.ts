import type { RecordSnapshot } from '../../local/simulator/record.ts';

/** A change of the run, as the database has it in the end. */
export interface JudgedChange {
  id: string;
  vpnConnectionId: string;
  state: string;
  /** Of each of its parts, the token of the request that was to take effect, in their order. */
  clientTokens: readonly string[];
  lastError: string | null;
}

/** What a run left behind. */
export interface Remains {
  /** In the order in which they were to be carried out: jobs by acceptance, then the plan's order. */
  changes: readonly JudgedChange[];
  /** With what its journal's verification found broken; null when it holds. */
  jobs: readonly { id: string; state: string; journal: string | null }[];
  record: RecordSnapshot;
  /** By connection: the value that was planned last, and the one that the cloud shows. */
  wanted: ReadonlyMap<string, number>;
  shown: ReadonlyMap<string, number>;
  /** Connections whose keys were rotated. */
  rotated: ReadonlySet<string>;
  /** Of each tunnel, or single-tunnel connection: who beside the cloud has the key that it has there. */
  keys: readonly KeyHolders[];
}

/** Whether the key of a place in the cloud is the one of the beginning, and whether a sink has it. */
export interface KeyHolders {
  vpnConnectionId: string;
  place: string;
  isOld: boolean;
  isInSink: boolean;
}

/** Everything that contradicts the promises, each as a sentence; empty when they held. The cloud's own record is the judge. */
export function judge(remains: Remains): readonly string[] {
  const { changes, jobs, record, wanted, shown } = remains;
  return [
    ...record.overlaps.map(({ scope }) => `two changes were in flight at once on ${scope}`),
    ...jobs
      .filter(({ state }) => state !== 'succeeded')
      .map(({ id, state }) => `job ${id} is ${state}`),
    ...jobs
      .filter(({ journal }) => journal !== null)
      .map(({ id, journal }) => `the journal of job ${id} does not hold: ${journal}`),
    ...changes
      .filter(({ state }) => state !== 'succeeded')
      .map(({ id, state, lastError }) => `change ${id} is ${state}: ${lastError}`),
    ...wrongWrites(changes, record),
    ...(record.outages.dual.downMs === 0
      ? []
      : [`pairs of tunnels were down at once for ${record.outages.dual.downMs} ms`]),
    ...remains.keys
      .filter(({ vpnConnectionId, isOld, isInSink }) =>
        remains.rotated.has(vpnConnectionId) ? isOld || !isInSink : !isOld,
      )
      .map(({ place, isOld }) => `the key of ${place} is ${isOld ? 'the old one' : 'in no sink'}`),
    ...[...wanted]
      .filter(([id, value]) => shown.get(id) !== value)
      .map(([id, value]) => `${id} shows ${shown.get(id)} instead of ${value}`),
  ];
}

/** Each change's request must have taken effect exactly once, those of one connection in their order, and nothing else. */
function wrongWrites(changes: readonly JudgedChange[], record: RecordSnapshot): string[] {
  const effective = record.writes.filter(({ source, effective }) => source === 'api' && effective);
  const done = groupBy(effective, ({ vpnConnectionId }) => vpnConnectionId ?? '');
  const planned = groupBy(changes, ({ vpnConnectionId }) => vpnConnectionId);
  return [...new Set([...done.keys(), ...planned.keys()])].flatMap((id) => {
    const tokens = (done.get(id) ?? []).map(({ clientToken }) => clientToken);
    const expected = (planned.get(id) ?? []).flatMap(({ clientTokens }) => clientTokens);
    if (tokens.length !== expected.length)
      return [`${id} was changed ${tokens.length} times instead of ${expected.length}`];
    const isInOrder = tokens.every((token, index) => token === expected[index]);
    return isInOrder
      ? []
      : [`${id} was changed as often as planned, but by other requests or in another order`];
  });
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
