import type { Outage } from '../../local/simulator/peers/outages.ts';
import type { RecordSnapshot } from '../../local/simulator/record.ts';
import type { WriteRecord } from '../../local/simulator/writes.ts';
import type { HandedOver } from './staged-sink.ts';
import type { TunnelDrop } from './worlds.ts';

/** What a run that rotates keys left behind beside everything else. Times are Unix milliseconds. */
export interface RotationRemains {
  outages: RecordSnapshot['outages']['outages'];
  /** When tunnels lost their peers for a while. */
  drops: readonly (Pick<TunnelDrop, 'forMs'> & { vpnConnectionId: string; at: number })[];
  /** What sinks took. */
  handedOver: readonly HandedOver[];
  /** Where writes carried a key to the cloud that it did not have, no plan named and no sink had. */
  untold: readonly string[];
}

/** A write of ours, and whether its plan bears an interruption. */
export interface JudgedWrite {
  write: WriteRecord;
  acceptsOutage: boolean;
}

/** For how long after a broken line is mended a tunnel may still be on its way up. */
const recoveryMs = 15_000;

/**
 * P4 and P6 as sinks, devices and cloud saw them: both tunnels of a pair are never down because of us, the second one's key leaves
 * when both sides of the first have theirs, and a key is in a sink before the cloud has it.
 */
export function wronglyRotated(remains: RotationRemains, writes: readonly JudgedWrite[]): string[] {
  return [
    ...bothDown(remains, writes),
    ...leftEarly(remains, writes),
    ...remains.untold.map((where) => `the cloud got a key of ${where} before any sink had it`),
  ];
}

function bothDown({ outages, drops }: RotationRemains, writes: readonly JudgedWrite[]): string[] {
  return outages
    .filter(({ tunnelMode }) => tunnelMode === 'dual')
    .filter((outage) => isOurs(outage) && !isExcused(outage, drops, writes))
    .map(({ vpnConnectionId, from, to, cause }) => {
      const forMs = to === null ? 'from then on' : `for ${to - from} ms`;
      return `no tunnel of ${vpnConnectionId} was up at ${from}, ${forMs}, because of the ${cause}`;
    });
}

function isOurs({ cause, requestId }: Outage): boolean {
  if (cause === 'network' || cause === 'operator') return false;
  return requestId?.startsWith('console-') !== true;
}

/** One tunnel had no line at the time, or a plan that bears interruptions has written there. */
function isExcused(
  { vpnConnectionId, from, to }: Outage,
  drops: RotationRemains['drops'],
  writes: readonly JudgedWrite[],
): boolean {
  const isBroken = drops.some(
    (drop) =>
      drop.vpnConnectionId === vpnConnectionId &&
      drop.at <= (to ?? Infinity) &&
      drop.at + drop.forMs + recoveryMs >= from,
  );
  const isBorne = writes.some(
    ({ write, acceptsOutage }) =>
      acceptsOutage && write.vpnConnectionId === vpnConnectionId && write.acceptedAt <= from,
  );
  return isBroken || isBorne;
}

/** On the way back as on the way forth; what went the other way says nothing. */
function leftEarly({ handedOver }: RotationRemains, writes: readonly JudgedWrite[]): string[] {
  return handedOver.flatMap(({ delivery: { version, vpnConnectionId }, before }) =>
    before
      .filter((other) => isBack(other.version) === isBack(version))
      .filter((other) => !other.isTaken && !isAmbiguous(other, writes))
      .map(
        ({ tunnelId }) =>
          `the key of ${version} left before ${tunnelId} of ${vpnConnectionId} was proved`,
      ),
  );
}

/** Between the last look that shows the cloud at work and the first one that does not, and what logs leave open. */
const betweenLooksMs = 5_000;

/**
 * A device that began anew by itself, with the old key, after the last look before the cloud took the new one: its log shows the same
 * as if it had been the new one (docs/architecture.md, "Proof").
 */
function isAmbiguous(
  { tunnelId, negotiatedAt }: HandedOver['before'][number],
  writes: readonly JudgedWrite[],
): boolean {
  return writes.some(
    ({ write: { tunnelIds, acceptedAt, settledAt } }) =>
      tunnelIds.some((id) => id === tunnelId) &&
      negotiatedAt !== null &&
      settledAt !== null &&
      Math.max(acceptedAt, settledAt - betweenLooksMs) <= negotiatedAt &&
      negotiatedAt <= settledAt,
  );
}

function isBack(version: string): boolean {
  return version.endsWith('.back');
}
