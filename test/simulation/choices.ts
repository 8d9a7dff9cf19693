import { roll, rollWithin } from '../../local/simulator/random.ts';

/** Something that a run decided against the easy way: what happened, and to which call of whom. */
export interface Decision {
  /** Names the moment, the same in every run that comes to it: `worker-2 lanes.record #3`. */
  readonly moment: string;
  readonly what: string;
}

/** How likely each trouble is, by name; at most one strikes a moment. */
export type Rates<Trouble extends string> = readonly (readonly [what: Trouble, rate: number])[];

export function nameOf({ moment, what }: Decision): string {
  return `${moment}: ${what}`;
}

/**
 * The random of one run. What is drawn depends on the seed and the moment's name alone, not on what was drawn before: a
 * decision can be taken out of a run and those elsewhere stay as they are.
 */
export class Choices {
  readonly seed: number;
  readonly #only: ReadonlySet<string> | null;
  readonly #taken: Decision[] = [];
  #isCalm = false;

  /** `only` are the names of the decisions that may be taken; null = all. */
  constructor(seed: number, only: ReadonlySet<string> | null = null) {
    this.seed = seed;
    this.#only = only;
  }

  /** The troubles that struck, in their order. */
  get taken(): readonly Decision[] {
    return this.#taken;
  }

  /** From now on nothing goes wrong. */
  calmDown(): void {
    this.#isCalm = true;
  }

  /** The trouble that strikes at a moment, if any. */
  strike<Trouble extends string>(moment: string, rates: Rates<Trouble>): Trouble | null {
    if (this.#isCalm) return null;
    let left = roll(this.seed, 'trouble', moment);
    for (const [what, rate] of rates) {
      if (left < rate) return this.#take({ moment, what }) ? what : null;
      left -= rate;
    }
    return null;
  }

  /** A number of the closed range, for things that are no trouble: sizes, times, picks. */
  within(min: number, max: number, ...names: readonly (string | number)[]): number {
    return rollWithin({ min, max }, this.seed, ...names);
  }

  chance(probability: number, ...names: readonly (string | number)[]): boolean {
    return roll(this.seed, ...names) < probability;
  }

  pick<Item>(choices: readonly [Item, ...Item[]], ...names: readonly (string | number)[]): Item {
    return choices[this.within(0, choices.length - 1, ...names)] ?? choices[0];
  }

  #take(decision: Decision): boolean {
    if (this.#only?.has(nameOf(decision)) === false) return false;
    this.#taken.push(decision);
    return true;
  }
}
