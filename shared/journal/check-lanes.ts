import { type ChangeHistory, type Write, wasOver } from './history.ts';
import { type Check, Finding } from './verification.ts';

/** A request in flight on a lane, as long as it may have been. */
interface Flight {
  changeId: string;
  from: string;
  to: string;
  isOurs: boolean;
}

const forever = '9999';

/**
 * P1: never two changes in flight on one lane. In flight is a request from when it was stored, since it may have been sent from
 * then on, until what became of it is known. Times of one lane follow each other, since whoever writes them holds it.
 */
export class LaneCheck {
  readonly #finding = new Finding('P1', 'never two changes in flight on one lane');
  readonly #lanes = new Map<string, Flight[]>();
  #neighbours = 0;

  see(history: ChangeHistory): void {
    for (const write of history.writes) this.#add(history, write, true);
    this.#finding.fault(...history.oddities);
  }

  /** A change of another job. What it does on lanes of ours matters, nothing else. */
  seeNeighbour(history: ChangeHistory): void {
    this.#neighbours += 1;
    for (const write of history.writes) this.#add(history, write, false);
  }

  #add({ changeId, laneKey }: ChangeHistory, write: Write, isOurs: boolean): void {
    if (laneKey === null) return;
    const flights = this.#lanes.get(laneKey) ?? [];
    const { preparedAt: from, endedAt } = write;
    flights.push({ changeId, from, to: endedAt ?? forever, isOurs });
    this.#lanes.set(laneKey, flights);
    if (isOurs) this.#finding.examined += 1;
  }

  /** `neighbours` says whether other jobs on the same lanes were looked at. */
  end({ neighbours }: { neighbours: boolean }): Check {
    let lanes = 0;
    for (const [laneKey, flights] of this.#lanes) {
      if (flights.some(({ isOurs }) => isOurs)) lanes += 1;
      this.#finding.fault(...overlapsOn(laneKey, flights));
    }
    const others = neighbours
      ? `together with ${this.#neighbours} changes of other jobs there`
      : 'changes of other jobs there are not in this file';
    const { examined } = this.#finding;
    return this.#finding.check(
      `${examined} requests on ${lanes} lanes compared by time, ${others}`,
    );
  }
}

function overlapsOn(laneKey: string, flights: readonly Flight[]): readonly string[] {
  const inOrder = [...flights].sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
  const faults: string[] = [];
  let last: Flight | undefined;
  for (const flight of inOrder) {
    if (last && flight.from < last.to && (last.isOurs || flight.isOurs)) {
      faults.push(
        `${laneKey}: ${flight.changeId} from ${flight.from} on while ${last.changeId} was in flight`,
      );
    }
    if (last === undefined || flight.to >= last.to) last = flight;
  }
  return faults;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** P1: changes of one connection run in the order of the plan. Histories come in that order. */
export class OrderCheck {
  readonly #finding = new Finding('P1', 'changes of one connection run in the order of the plan');
  readonly #last = new Map<string, ChangeHistory>();

  see(history: ChangeHistory): void {
    const { connection, starts, changeId } = history;
    if (connection === null) return;
    const before = this.#last.get(connection);
    this.#last.set(connection, history);
    if (before === undefined) return;
    const [startedAt] = starts;
    const isEarly = startedAt !== undefined && !wasOver(before, startedAt);
    const fault = `${connection}: ${changeId} started before ${before.changeId} had ended`;
    this.#finding.examine(isEarly ? [fault] : []);
  }

  end(): Check {
    const { examined } = this.#finding;
    return this.#finding.check(`${examined} changes came after another one of their connection`);
  }
}
