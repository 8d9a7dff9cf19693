import type { ChainedEvent } from './chain.ts';
import { type ChangeHistory, wasOver } from './history.ts';
import type { Seal } from './seal.ts';
import { type Check, Finding } from './verification.ts';

/** A change's place in the plan, when it was started and when it was over; over more than once when it was tried again. */
interface Seen {
  changeId: string;
  seq: number;
  firstStart: string | null;
  overs: ChangeHistory['overs'];
}

/** P7: nothing of a batch starts before everything of the batches before it has ended. */
export class BatchCheck {
  readonly #finding = new Finding('P7', 'nothing starts before the batches before it have ended');
  readonly #seen: Seen[] = [];

  /** Changes come in plan order. */
  see({ changeId, starts, overs }: ChangeHistory): void {
    const firstStart = starts[0] ?? null;
    this.#seen.push({ changeId, seq: this.#seen.length, firstStart, overs });
  }

  end({ batches = [] }: Seal['rules']): Check {
    for (const bound of batches.slice(0, -1)) {
      const [begun, at] = this.#firstStartFrom(bound);
      if (begun === null || at === null) continue;
      const open = this.#seen.filter((seen) => seen.seq < bound && !wasOver(seen, at));
      const until = `${begun} started at ${at}`;
      this.#finding.examine(open.map(({ changeId }) => `${until}, before ${changeId} had ended`));
    }
    return this.#finding.check(`${batches.length} batches`);
  }

  #firstStartFrom(bound: number): [string, string] | [null, null] {
    let first: [string, string] | [null, null] = [null, null];
    for (const { changeId, seq, firstStart } of this.#seen) {
      if (seq < bound || firstStart === null) continue;
      if (first[1] === null || firstStart < first[1]) first = [changeId, firstStart];
    }
    return first;
  }
}

/** P7: nothing starts outside the window. */
export class WindowCheck {
  readonly #finding = new Finding('P7', 'nothing starts outside the window');
  readonly #starts: { changeId: string; at: string }[] = [];

  see({ changeId, starts }: ChangeHistory): void {
    for (const at of starts) this.#starts.push({ changeId, at });
  }

  end({ notBefore, notAfter }: Seal['rules']): Check {
    const isLimited = notBefore !== undefined || notAfter !== undefined;
    for (const { changeId, at } of isLimited ? this.#starts : []) {
      const isEarly = notBefore !== undefined && at < notBefore;
      const isLate = notAfter !== undefined && at > notAfter;
      this.#finding.examine(isEarly || isLate ? [`${changeId} started at ${at}`] : []);
    }
    const from = notBefore === undefined ? '' : ` from ${notBefore}`;
    const to = notAfter === undefined ? '' : ` to ${notAfter}`;
    return this.#finding.check(`${this.#finding.examined} starts, the window was${from}${to}`);
  }
}

/** P7: nothing starts before as many have approved the very plan that the job carried out. */
export class ApprovalCheck {
  readonly #finding = new Finding(
    'P7',
    'nothing starts before it is approved, under the digest that the job has',
  );
  readonly #given: { actor: string; digest: string; at: string }[] = [];
  #firstStart: { changeId: string; at: string } | null = null;

  /** The job's own chain. What was approved before its base moved is void. */
  seeOrders(events: readonly ChainedEvent[]): void {
    for (const { kind, at, data } of events) {
      if (kind === 'base_moved') this.#given.length = 0;
      if (kind !== 'approved') continue;
      this.#given.push({ actor: String(data.actor), digest: String(data.digest), at });
    }
  }

  see({ changeId, starts }: ChangeHistory): void {
    const [at] = starts;
    if (at === undefined) return;
    if (this.#firstStart === null || at < this.#firstStart.at) this.#firstStart = { changeId, at };
  }

  end({ approval }: Seal['rules'], planDigest: string | null): Check {
    const first = this.#firstStart;
    if (approval === undefined || first === null) return this.#finding.check('');
    const counted = this.#given.filter(
      ({ actor, digest, at }) =>
        digest === planDigest && actor !== approval.submitter && at <= first.at,
    );
    const approvers = new Set(counted.map(({ actor }) => actor));
    const isShort = approvers.size < approval.required;
    const told = `${approvers.size} of ${approval.required} had approved it`;
    this.#finding.examine(isShort ? [`${first.changeId} started at ${first.at}, ${told}`] : []);
    return this.#finding.check(`${[...approvers].join(', ')} approved it`);
  }
}
