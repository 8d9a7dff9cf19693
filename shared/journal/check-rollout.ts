import type { ChainedEvent } from './chain.ts';
import type { ChangeHistory, Stretch } from './history.ts';
import type { Seal } from './seal.ts';
import { type Check, Finding } from './verification.ts';

/** P7: never more changes of the job at once than the plan allows. */
export class ConcurrencyCheck {
  readonly #finding = new Finding('P7', 'never more changes at once than the plan allows');
  readonly #steps: { at: string; by: 1 | -1 }[] = [];

  see({ slots }: ChangeHistory): void {
    for (const { from, to } of slots) {
      this.#finding.examined += 1;
      this.#steps.push({ at: from, by: 1 });
      if (to !== null) this.#steps.push({ at: to, by: -1 });
    }
  }

  end({ concurrency }: Seal['rules']): Check {
    // Of one moment the ends come first: a slot is given on in the transaction that frees it.
    this.#steps.sort((a, b) => (a.at === b.at ? a.by - b.by : a.at < b.at ? -1 : 1));
    let now = 0;
    let peak = 0;
    for (const { at, by } of this.#steps) {
      now += by;
      if (by === 1 && now > concurrency) this.#finding.fault(`${now} changes at once at ${at}`);
      peak = Math.max(peak, now);
    }
    return this.#finding.check(`at most ${peak} at once, ${concurrency} were allowed`);
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
      `${this.#finding.examined} changes cancelled from ${stoppedAt} on, ${this.#errors} errors, ${policy}; this version has no windows, freezes, approvals and batches`,
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
      if (kind === 'paused') this.#pauses.push({ from: at, to: null });
      else if (open?.to === null) open.to = at;
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
