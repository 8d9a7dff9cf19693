import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { VerifiedExport } from '../../shared/journal/verify-export.ts';
import type { ChangeBody } from '../../shared/progress/change-body.ts';
import type { Connection } from '../simulator/shapes.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Colleague } from './colleague.ts';
import type { Fleet } from './fleet.ts';
import type { DemoPlan } from './plans.ts';

/** A promise, whether it held, and what was looked at. */
export interface Check {
  text: string;
  holds: boolean;
}

/** Everything that is known when the jobs have ended. */
export interface Evidence {
  fleet: Fleet;
  plans: readonly DemoPlan[];
  simulator: Simulator;
  colleague: Colleague;
  changes: readonly ChangeBody[];
  logLines: readonly string[];
  answers: readonly string[];
}

/** The demo's promises against what the simulated cloud and the service themselves say. */
export function checksOf(evidence: Evidence): readonly Check[] {
  const { changes, simulator, logLines, answers } = evidence;
  const succeeded = changes.filter((change) => change.state === 'succeeded').length;
  const overlaps = simulator.record.overlaps().length;
  const wrongCounts = wronglyWritten(evidence).length;
  const wrongValues = differing(evidence).length;
  const leaks = leaksIn(evidence);
  const { planned, fresh } = rotatedIn(evidence);
  const unproved = changes.filter(({ verdict }) => verdict !== 'proved').length;
  const { dual } = simulator.record.outages();
  return [
    {
      text: `every change succeeded (${succeeded} of ${changes.length})`,
      holds: succeeded === changes.length && changes.length > 0,
    },
    {
      text: `no two changes in flight on one gateway or attachment (${overlaps} overlaps)`,
      holds: overlaps === 0 && simulator.record.maxInFlight() === 1,
    },
    {
      text: `each connection was changed exactly as often as planned (${wrongCounts} were not)`,
      holds: wrongCounts === 0,
    },
    {
      text: `the cloud holds every wanted value and kept all others (${wrongValues} differ)`,
      holds: wrongValues === 0,
    },
    {
      text: `every rotated key is fresh, and the current one in KMS (${fresh} of ${planned})`,
      holds: fresh === planned && planned > 0,
    },
    {
      text: `every tunnel negotiated anew with what it was given (${unproved} changes not proved)`,
      holds: unproved === 0,
    },
    {
      text: `no pair of tunnels was down at once (${dual.downMs} ms)`,
      holds: dual.downMs === 0,
    },
    {
      text: `no key in ${logLines.length} log lines and ${answers.length} answers (${leaks} found)`,
      holds: leaks === 0,
    },
  ];
}

/** What the exported journals say: unbroken, sealed by the service, and every promise kept. */
export function journalCheckOf(journals: readonly VerifiedExport[]): Check {
  const events = journals.reduce((sum, { sealed }) => sum + (sealed?.seal.events ?? 0), 0);
  const checks = journals.flatMap(({ verification }) => verification.checks);
  const broken = checks.filter(({ holds }) => !holds);
  const what = `${events} events in ${journals.length} sealed journals`;
  return {
    text: `the journals prove it: ${what}, ${checks.length} checks (${broken.length} do not hold)`,
    holds: broken.length === 0 && checks.length > 0,
  };
}

/** Connections that the cloud changed more or less often than the plans say. */
function wronglyWritten({ plans, simulator }: Evidence): readonly string[] {
  const planned = new Map<string, number>();
  for (const { connections } of plans) {
    for (const { id, tunnels } of connections) add(planned, id, Math.max(1, tunnels.length));
  }
  const written = new Map<string, number>();
  for (const write of simulator.record.writes()) {
    const { effective, source, vpnConnectionId } = write;
    if (effective && source === 'api' && vpnConnectionId !== null) add(written, vpnConnectionId);
  }
  const ids = new Set([...planned.keys(), ...written.keys()]);
  return [...ids].filter((id) => planned.get(id) !== written.get(id));
}

function add(counts: Map<string, number>, id: string, howMany = 1): void {
  counts.set(id, (counts.get(id) ?? 0) + howMany);
}

/** Connections that are not what they were plus what the plans, or the colleague, made of them. */
function differing(evidence: Evidence): readonly Connection[] {
  const { fleet, simulator } = evidence;
  return fleet.inventory.connections.filter((before) => {
    const now = simulator.state.connection(before.regionId, before.id);
    return !isDeepStrictEqual(now, expectedOf(evidence, before, now));
  });
}

function expectedOf(
  { plans, colleague }: Evidence,
  before: Connection,
  now: Connection,
): Connection {
  const name = colleague.names.get(before.id);
  const isIn = ({ connections }: DemoPlan): boolean =>
    connections.some(({ id }) => id === before.id);
  const planned = plans
    .filter(isIn)
    .reduce((connection, plan) => plan.appliedTo(connection, now), before);
  return name === undefined ? planned : { ...planned, name };
}

/** How many keys of the plans, or of before, occur in what the demo saw. */
function leaksIn({ fleet, simulator, logLines, answers }: Evidence): number {
  const seen = [...logLines, ...answers].join('\n');
  const before = fleet.inventory.connections;
  const now = before.map(({ regionId, id }) => simulator.state.connection(regionId, id));
  const keys = new Set([...before, ...now].flatMap(keysOf));
  return [...keys].filter((key) => seen.includes(key)).length;
}

/** The keys of a connection, of each of its tunnels when it has two. */
function keysOf({ ike, tunnels }: Connection): readonly string[] {
  return tunnels.length === 0 ? [ike.Psk] : tunnels.map((tunnel) => tunnel.ike.Psk);
}

/** How many tunnels were to get a key that was made for them, and how many have one that nobody had before and that KMS keeps as the current one. */
function rotatedIn({ fleet, plans, simulator }: Evidence): { planned: number; fresh: number } {
  const known = new Set(fleet.inventory.connections.flatMap(keysOf));
  const rotated = plans.filter(({ makesKeys }) => makesKeys).flatMap((plan) => plan.connections);
  const keys = rotated.flatMap(({ regionId, id }) =>
    keysOf(simulator.state.connection(regionId, id)),
  );
  const current = new Set(rotated.flatMap(({ regionId }) => currentSecrets(simulator, regionId)));
  const fresh = new Set(keys.filter((key) => !known.has(key) && current.has(key)));
  return { planned: keys.length, fresh: fresh.size };
}

/** What a secret holds, as far as it is looked at here. */
const Delivered = z.object({ values: z.object({ 'IkeConfig.Psk': z.string().optional() }) });

/** The keys that KMS gives to who asks for no particular version. */
function currentSecrets({ kms }: Simulator, regionId: string): readonly string[] {
  return kms.names(regionId).flatMap((name) =>
    kms
      .versions(regionId, name)
      .filter(({ stages }) => stages.includes('ACSCurrent'))
      .flatMap(({ data }) => Delivered.parse(JSON.parse(data)).values['IkeConfig.Psk'] ?? []),
  );
}
