import { isDeepStrictEqual } from 'node:util';
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
  /** Keys that must not be seen anywhere. */
  keys: readonly string[];
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
  for (const { connections } of plans) for (const { id } of connections) add(planned, id);
  const written = new Map<string, number>();
  for (const write of simulator.record.writes()) {
    const { effective, source, vpnConnectionId } = write;
    if (effective && source === 'api' && vpnConnectionId !== null) add(written, vpnConnectionId);
  }
  const ids = new Set([...planned.keys(), ...written.keys()]);
  return [...ids].filter((id) => planned.get(id) !== written.get(id));
}

function add(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}

/** Connections that are not what they were plus what the plans, or the colleague, made of them. */
function differing(evidence: Evidence): readonly Connection[] {
  const { fleet, simulator } = evidence;
  return fleet.inventory.connections.filter((before) => {
    const now = simulator.state.connection(before.regionId, before.id);
    return !isDeepStrictEqual(now, expectedOf(evidence, before));
  });
}

function expectedOf({ plans, colleague }: Evidence, before: Connection): Connection {
  const name = colleague.names.get(before.id);
  const isIn = ({ connections }: DemoPlan): boolean =>
    connections.some(({ id }) => id === before.id);
  const planned = plans
    .filter(isIn)
    .reduce((connection, plan) => plan.appliedTo(connection), before);
  return name === undefined ? planned : { ...planned, name };
}

/** How many keys of the plans, or of before, occur in what the demo saw. */
function leaksIn({ keys, logLines, answers }: Evidence): number {
  const seen = [...logLines, ...answers].join('\n');
  return keys.filter((key) => seen.includes(key)).length;
}
