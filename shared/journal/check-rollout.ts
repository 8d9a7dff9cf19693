import { slotLimitOf } from '../job/outcome.ts';
import type { ChainedEvent } from './chain.ts';
import type { ChangeHistory, Stretch } from './history.ts';
import type { Seal } from './seal.ts';
import { type Check, Finding } from './verification.ts';

/** P7: never more changes of the job at once than the plan allows; with a slow start as many as have succeeded allow. */
export class ConcurrencyCheck {
  readonly #finding = new Finding('P7', 'never more changes at once than the plan allows');
  readonly #steps: { at: string; by: 1 | 0 | -1 }[] = [];

  see({ slots, finalState, finishedAt }: ChangeHistory): void {
    for (const { from, to } of slots) {
      this.#finding.examined += 1;
      this.#steps.push({ at: from, by: 1 });
      if (to !== null) this.#steps.push({ at: to, by: -1 });
    }
    if (finalState === 'succeeded' && finishedAt !== null)
      this.#steps.push({ at: finishedAt, by: 0 });
  }

  end({ concurrency, slowStart = false, batches = [] }: Seal['rules']): Check {
    // Of one moment the ends come first: a slot is given on in the transaction that frees it.
    this.#steps.sort((a, b) => (a.at === b.at ? a.by - b.by : a.at < b.at ? -1 : 1));
    const isSlowStart = slowStart && batches.length <= 1;
    let now = 0;
    let peak = 0;
    let succeeded = 0;
    for (const { at, by } of this.#steps) {
      now += by;
      if (by === 0) succeeded += 1;
      const allowed = slotLimitOf({ succeeded }, { maxInFlight: concurrency, isSlowStart });
      if (by === 1 && now > allowed) this.#finding.fault(`${now} changes at once at ${at}`);
      peak = Math.max(peak, now);
    }
    const slowly = isSlowStart ? ', slowly at first' : '';
    return this.#finding.check(`at most ${peak} at once, ${concurrency} were allowed${slowly}`);
  }
}

/** P7: nothing starts once the job has stopped. It stops under its lock, where the waiting changes are cancelled at once. */
export class StopCheck {
  readonly #finding = new Finding('P7', 'nothing starts after the job has stopped');
  readonly #starts: { changeId: string; at: string }[] = [];
  #stoppedAt: string | null = null;
  #errors = 0;

  see({ changeId, starts, finishedAt, finalState }: ChangeHistory): void {
    const last = starts.at(-1);
    if (last !== undefined) this.#starts.push({ changeId, at: last });
    if (finalState === 'failed' || finalState === 'rolled_back') this.#errors += 1;
    if (finalState !== 'cancelled' || finishedAt === null) return;
    this.#finding.examined += 1;
    if (this.#stoppedAt === null || finishedAt < this.#stoppedAt) this.#stoppedAt = finishedAt;
  }

  end({ maxErrors, onFailure }: Seal['rules']): Check {
    const stoppedAt = this.#stoppedAt;
    if (stoppedAt !== null) {
      const late = this.#starts.filter(({ at }) => at > stoppedAt);
      this.#finding.fault(...late.map(({ changeId, at }) => `${changeId} started at ${at}`));
    }
    const policy =
      onFailure !== 'continue' ? `${maxErrors} were allowed` : 'whose number is not limited';
    return this.#finding.check(
      `${this.#finding.examined} changes cancelled from ${stoppedAt} on, ${this.#errors} errors, ${policy}`,
    );
  }
}

/** P7: nothing starts while the job is paused. A pause is ordered under the job's lock, as every start is. */
export class PauseCheck {
  readonly #finding = new Finding('P7', 'nothing starts while the job is paused');
  readonly #pauses: Stretch[] = [];
  readonly #starts: { changeId: string; at: string }[] = [];

  /** The job's own chain, which comes before its changes. */
  seeOrders(events: readonly ChainedEvent[]): void {
    for (const { kind, at } of events) {
      const open = this.#pauses.at(-1);
      const isOpen = open?.to === null;
      // A batch may end while somebody has paused the job: that is one pause.
      if (kind === 'paused' && !isOpen) this.#pauses.push({ from: at, to: null });
      else if (isOpen && kind !== 'paused') open.to = at;
    }
  }

  see({ changeId, starts }: ChangeHistory): void {
    for (const at of starts) this.#starts.push({ changeId, at });
  }

  end(): Check {
    for (const { from, to } of this.#pauses) {
      const during = this.#starts.filter(({ at }) => at > from && (to === null || at < to));
      this.#finding.examine(during.map(({ changeId, at }) => `${changeId} started at ${at}`));
    }
    const howMany = this.#pauses.length === 1 ? 'a pause' : `${this.#pauses.length} pauses`;
    return this.#finding.check(`${howMany} against ${this.#starts.length} starts`);
  }
}
