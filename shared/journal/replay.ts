import type { ChangeCounts } from '../job/record.ts';
import { type ChainedEvent, followChain } from './chain.ts';
import { LaneCheck, OrderCheck } from './check-lanes.ts';
import { ConcurrencyCheck, StopCheck } from './check-rollout.ts';
import { KeyCheck, RepeatCheck, TunnelCheck } from './check-writes.ts';
import { type ChangeHistory, historyOf } from './history.ts';
import { RootHash, type Seal } from './seal.ts';
import { type Check, Finding, type Verification, verificationOf } from './verification.ts';

/** What is known of a job besides its events. */
export interface ReplayedJob {
  counts: ChangeCounts;
  rules: Seal['rules'];
  /** How many events there should be. */
  countedEvents: number;
}

/** A journal replayed: fed change by change in plan order, it keeps of each only what the checks need. */
export interface Replay {
  /** The next change of the job, with all its events in order. */
  see(changeId: string, events: readonly ChainedEvent[]): void;
  /** A change of another job on the same lanes. */
  seeNeighbour(changeId: string, events: readonly ChainedEvent[]): void;
  /** `neighbours`: whether those were looked for. */
  end(options: { neighbours: boolean }): {
    verification: Verification;
    sum: Pick<Seal, 'changes' | 'events' | 'root'>;
  };
}

/** Replays the journal of a job that has ended against the promises. */
export function createReplay(job: ReplayedJob): Replay {
  const root = new RootHash();
  const journal = [new ChainCheck(job), new EndCheck(job)] as const;
  const lanes = new LaneCheck();
  const timed = [new OrderCheck(), new ConcurrencyCheck(job.rules), new StopCheck(job.rules)];
  const written = [new RepeatCheck(), new KeyCheck(), new TunnelCheck()];
  return {
    see(changeId, events) {
      const chain = followChain(changeId, events);
      root.add(chain);
      journal[0].see(chain);
      const history = historyOf(changeId, events);
      for (const check of [journal[1], lanes, ...timed]) check.see(history);
      // Events from before there were chains do not say what these checks ask for.
      if (chain.unchained === 0) for (const check of written) check.see(history);
    },
    seeNeighbour: (changeId, events) => lanes.seeNeighbour(historyOf(changeId, events)),
    end(options) {
      const [order, ...rollout] = timed.map((check) => check.end());
      const onLanes = [lanes.end(options), ...(order ? [order] : [])];
      const checks = [...journal.map((check) => check.end()), ...onLanes];
      checks.push(...written.map((check) => check.end()), ...rollout);
      return { verification: verificationOf(checks), sum: root.sum() };
    },
  };
}

/** The chains, whole and unbroken. */
class ChainCheck {
  readonly #finding = new Finding(
    'journal',
    "every change's events are an unbroken chain, and none is missing",
  );
  readonly #counted: number;
  #events = 0;
  #unchained = 0;

  constructor({ countedEvents }: ReplayedJob) {
    this.#counted = countedEvents;
  }

  see({ events, unchained, faults }: ReturnType<typeof followChain>): void {
    this.#events += events;
    this.#unchained += unchained;
    this.#finding.examine(faults);
  }

  end(): Check {
    if (this.#events !== this.#counted) {
      this.#finding.fault(`there are ${this.#events} events where ${this.#counted} were counted`);
    }
    const old = this.#unchained > 0 ? `; ${this.#unchained} are from before there were chains` : '';
    return this.#finding.check(`${this.#events} events in ${this.#finding.examined} chains${old}`);
  }
}

/** What the changes came to, against what the job counted. */
class EndCheck {
  readonly #finding = new Finding('journal', 'every change ended, as the job counted them');
  readonly #counts: Readonly<Record<string, number>>;
  readonly #states = new Map<string, number>();

  constructor({ counts }: ReplayedJob) {
    this.#counts = counts;
  }

  see({ changeId, finalState }: ChangeHistory): void {
    this.#finding.examine(finalState === null ? [`${changeId} has no end`] : []);
    if (finalState !== null) {
      this.#states.set(finalState, (this.#states.get(finalState) ?? 0) + 1);
    }
  }

  end(): Check {
    const states = new Set([...this.#states.keys(), ...Object.keys(this.#counts)]);
    for (const state of states) {
      const [seen, counted] = [this.#states.get(state) ?? 0, this.#counts[state] ?? 0];
      if (seen === counted) continue;
      this.#finding.fault(`${seen} changes ended ${state}, ${counted} were counted`);
    }
    const shown = [...this.#states].map(([state, count]) => `${count} ${state}`).join(', ');
    return this.#finding.check(shown);
  }
}
