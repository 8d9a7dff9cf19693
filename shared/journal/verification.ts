import { z } from 'zod';

/** What was checked; the numbers are those of the promises in docs/journal.md. */
const promises = ['journal', 'P1', 'P3', 'P4', 'P6', 'P7'] as const;

/** One check of a journal. */
export const Check = z
  .strictObject({
    promise: z
      .enum(promises)
      .describe('The promise it belongs to; `journal` for what the others stand on.'),
    text: z.string().describe('What is to hold.'),
    holds: z.boolean(),
    examined: z.int().describe('How many things of this kind there were; 0 where there were none.'),
    evidence: z.string().describe('What was looked at, as a sentence.'),
    broken: z.array(z.string()).describe('What contradicts it, the first of it.'),
  })
  .meta({ id: 'Check' });
export type Check = z.infer<typeof Check>;

/** A journal replayed against the promises. */
export const Verification = z
  .strictObject({
    holds: z.boolean().describe('Whether every check does.'),
    checks: z.array(Check),
  })
  .meta({ id: 'Verification' });
export type Verification = z.infer<typeof Verification>;

/** All checks together. */
export function verificationOf(checks: readonly Check[]): Verification {
  return { holds: checks.every(({ holds }) => holds), checks: [...checks] };
}

/** So many contradictions are shown; one is enough to say that a promise does not hold. */
const mostShown = 20;

/** Gathers what one check finds. */
export class Finding {
  readonly #what: Pick<Check, 'promise' | 'text'>;
  readonly #broken: string[] = [];
  #faults = 0;
  examined = 0;

  constructor(promise: Check['promise'], text: string) {
    this.#what = { promise, text };
  }

  /** Counts one thing that was looked at, with everything that is wrong with it. */
  examine(faults: readonly string[]): void {
    this.examined += 1;
    this.fault(...faults);
  }

  fault(...faults: readonly string[]): void {
    this.#faults += faults.length;
    this.#broken.push(...faults.slice(0, mostShown - this.#broken.length));
  }

  /** `evidence` says what was looked at; where there was nothing, that is said instead. */
  check(evidence: string): Check {
    const nothing = 'nothing of this kind in this job';
    return {
      ...this.#what,
      holds: this.#faults === 0,
      examined: this.examined,
      evidence: this.examined === 0 && this.#faults === 0 ? nothing : evidence,
      broken: this.#broken,
    };
  }
}
