import type { ChangeCounts } from '../job/record.ts';
import { type ChainedEvent, followChain } from './chain.ts';
import { ApprovalCheck, BatchCheck, WindowCheck } from './check-admission.ts';
import { LaneCheck, OrderCheck } from './check-lanes.ts';
import { RedundancyCheck } from './check-redundancy.ts';
import { ConcurrencyCheck, PauseCheck, StopCheck } from './check-rollout.ts';
import { KeyCheck, RepeatCheck, TunnelCheck } from './check-writes.ts';
import { type ChangeHistory, historyOf } from './history.ts';
import { RootHash, type Seal } from './seal.ts';
import { type Check, Finding } from './verification.ts';

/** What is known of a job besides its events. */
export interface ReplayedJob {
  counts: ChangeCounts;
  planDigest: string | null;
  rules: Seal['rules'];
  /** How many events there should be. */
  countedEvents: number;
}

/** A journal replayed: fed change by change in plan order, it keeps of each only what the checks need. */
export interface Replay {
  /** The next chain of the job with all its events in order: its own first, which may be missing, then its changes. */
  see(changeId: string, events: readonly ChainedEvent[]): void;
  /** A change of another job on the same lanes. */
  seeNeighbour(changeId: string, events: readonly ChainedEvent[]): void;
  /** Whether the chains are whole, as far as they can tell themselves. */
  chains(countedEvents: number | null): Check;
  /** All checks; `neighbours`: whether other jobs were looked for. */
  end(job: ReplayedJob, options: { neighbours: boolean }): readonly Check[];
  /** What was seen, summed up. */
  sum(): Pick<Seal, 'changes' | 'events' | 'root'>;
}

/** Replays the journal of a job against the promises. */
export function createReplay(): Replay {
  const root = new RootHash();
  const chains = new ChainCheck();
  const [ends, lanes, order] = [new EndCheck(), new LaneCheck(), new OrderCheck()];
  const [concurrency, stop, pause] = [new ConcurrencyCheck(), new StopCheck(), new PauseCheck()];
  const [batches, window, approval] = [new BatchCheck(), new WindowCheck(), new ApprovalCheck()];
  const redundancy = new RedundancyCheck();
  const [repeats, keys, tunnels] = [new RepeatCheck(), new KeyCheck(), new TunnelCheck()];
  return {
    see(changeId, events) {
      const chain = followChain(changeId, events);
      root.add(chain);
      chains.see(chain);
      if (changeId.startsWith('job_')) {
        for (const check of [pause, approval]) check.seeOrders(events);
        return;
      }
      const history = historyOf(changeId, events);
      for (const check of [
        ends,
        lanes,
        order,
        concurrency,
        stop,
        pause,
        batches,
        window,
        approval,
        redundancy,
      ]) {
        check.see(history);
      }
      // Events from before there were chains do not say what these checks ask for.
      if (chain.unchained > 0) return;
      for (const check of [repeats, keys, tunnels]) check.see(history);
    },
    seeNeighbour: (changeId, events) => lanes.seeNeighbour(historyOf(changeId, events)),
    chains: (countedEvents) => chains.end(countedEvents),
    end: ({ counts, rules, countedEvents, planDigest }, options) => [
      chains.end(countedEvents),
      ends.end(counts),
      lanes.end(options),
      order.end(),
      repeats.end(),
      keys.end(),
      tunnels.end(),
      redundancy.end(rules),
      concurrency.end(rules),
      stop.end(rules),
      pause.end(),
      batches.end(rules),
      window.end(rules),
      approval.end(rules, planDigest),
    ],
    sum: () => root.sum(),
  };
}

/** The chains, whole and unbroken. */
class ChainCheck {
  readonly #finding = new Finding(
    'journal',
    "every change's events are an unbroken chain, and none is missing",
  );
  #events = 0;
  #unchained = 0;

  see({ events, unchained, faults }: ReturnType<typeof followChain>): void {
    this.#events += events;
    this.#unchained += unchained;
    this.#finding.examine(faults);
  }

  /** Null where nobody counted. */
  end(counted: number | null): Check {
    if (counted !== null && counted !== this.#events) {
      this.#finding.fault(`there are ${this.#events} events where ${counted} were counted`);
    }
    const old = this.#unchained > 0 ? `; ${this.#unchained} are from before there were chains` : '';
    return this.#finding.check(`${this.#events} events in ${this.#finding.examined} chains${old}`);
  }
}

/** What the changes came to, against what the job counted. */
class EndCheck {
  readonly #finding = new Finding('journal', 'every change ended, as the job counted them');
  readonly #states = new Map<string, number>();

  see({ changeId, finalState }: ChangeHistory): void {
    this.#finding.examine(finalState === null ? [`${changeId} has no end`] : []);
    if (finalState !== null) {
      this.#states.set(finalState, (this.#states.get(finalState) ?? 0) + 1);
    }
  }

  end(counts: Readonly<Record<string, number>>): Check {
    const states = new Set([...this.#states.keys(), ...Object.keys(counts)]);
    for (const state of states) {
      const [seen, counted] = [this.#states.get(state) ?? 0, counts[state] ?? 0];
      if (seen === counted) continue;
      this.#finding.fault(`${seen} changes ended ${state}, ${counted} were counted`);
    }
    const shown = [...this.#states].map(([state, count]) => `${count} ${state}`).join(', ');
    return this.#finding.check(shown);
  }
}
