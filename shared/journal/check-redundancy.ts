import { backUpEachOther } from '../connection/redundancy.ts';
import type { ChangeHistory, LeadsTo } from './history.ts';
import type { Seal } from './seal.ts';
import { type Check, Finding } from './verification.ts';

/** A change from its first request to its end. */
interface Flight {
  changeId: string;
  connection: string;
  leadsTo: LeadsTo;
  from: string;
  to: string;
}

const forever = '9999';

/**
 * P6: connections of the job that back each other up are not in flight together, from the first request until the last tunnel's
 * end. Where each leads to stands in its journal.
 */
export class RedundancyCheck {
  readonly #finding = new Finding(
    'P6',
    'connections that back each other up are not changed together',
  );
  readonly #flights: Flight[] = [];

  see(history: ChangeHistory): void {
    const { changeId, connection, leadsTo } = history;
    if (connection === null || leadsTo === null) return;
    for (const { from, to } of flightsOf(history)) {
      this.#flights.push({ changeId, connection, leadsTo, from, to: to ?? forever });
    }
  }

  end({ redundancy }: Seal['rules']): Check {
    if (redundancy !== 'groups') {
      return this.#finding.check('the plan does not ask for it, or is from before it was kept');
    }
    let open: readonly Flight[] = [];
    for (const flight of [...this.#flights].sort((a, b) => (a.from < b.from ? -1 : 1))) {
      open = open.filter(({ to }) => to > flight.from);
      const others = open.filter(
        ({ connection, leadsTo }) =>
          connection !== flight.connection && backUpEachOther(leadsTo, flight.leadsTo),
      );
      this.#finding.examine(
        others.map(
          ({ changeId, connection }) =>
            `${flight.changeId} on ${flight.connection} from ${flight.from} on while ${changeId} on ${connection} was in flight`,
        ),
      );
      open = [...open, flight];
    }
    return this.#finding.check(
      `${this.#finding.examined} flights compared by time, addresses and subnets, those of other jobs not included`,
    );
  }
}

/** A request that the cloud did not take ends a flight, unless a part before it was applied. */
function flightsOf({
  writes,
  finishedAt,
}: ChangeHistory): readonly { from: string; to: string | null }[] {
  const flights: { from: string; to: string | null }[] = [];
  let isHalfDone = false;
  for (const { preparedAt, endedAt, endedBy } of writes) {
    let flight = flights.at(-1);
    if (flight?.to !== null) {
      flight = { from: preparedAt, to: null };
      flights.push(flight);
    }
    if (endedBy === 'part_applied') isHalfDone = true;
    if (endedBy === 'finished' || (endedBy === 'requeued' && !isHalfDone)) {
      flight.to = endedAt;
      isHalfDone = false;
    }
  }
  const last = flights.at(-1);
  if (last) last.to ??= finishedAt;
  return flights;
}
