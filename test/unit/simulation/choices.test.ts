import { describe, expect, it } from 'vitest';
import { Choices, nameOf } from '../../simulation/choices.ts';

const rates = [
  ['dies', 0.3],
  ['is late', 0.3],
] as const;
const moments = Array.from({ length: 200 }, (_, index) => `worker-1 call #${index}`);

describe('choices', () => {
  it('follow from the seed and the moment, whatever was drawn before', () => {
    const forwards = new Choices(7);
    const backwards = new Choices(7);
    const one = moments.map((moment) => forwards.strike(moment, rates));
    const two = moments.toReversed().map((moment) => backwards.strike(moment, rates));

    expect(two.toReversed()).toEqual(one);
    expect(new Set(one)).toEqual(new Set(['dies', 'is late', null]));
  });

  it('differ between seeds', () => {
    const of = (seed: number) => {
      const choices = new Choices(seed);
      return moments.map((moment) => choices.strike(moment, rates));
    };

    expect(of(2)).not.toEqual(of(1));
  });

  it('take only the decisions that are allowed, and note those that they take', () => {
    const all = new Choices(7);
    for (const moment of moments) all.strike(moment, rates);
    const [first, , third] = all.taken;
    const names = [first, third].flatMap((decision) => (decision ? [nameOf(decision)] : []));
    const some = new Choices(7, new Set(names));
    for (const moment of moments) some.strike(moment, rates);

    expect(some.taken).toEqual([first, third]);
  });

  it('are harmless once it is calm', () => {
    const choices = new Choices(7);
    choices.calmDown();

    expect(moments.map((moment) => choices.strike(moment, rates))).toEqual(moments.map(() => null));
    expect(choices.taken).toEqual([]);
  });
});
