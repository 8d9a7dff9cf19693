import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChainedEvent } from '../../../shared/journal/chain.ts';
import type { SignedSeal } from '../../../shared/journal/seal.ts';
import { verifyExport } from '../../../shared/journal/verify-export.ts';
import type { Signer } from '../../../shared/secret/signing-key.ts';
import {
  aGoodChange,
  aSeal,
  aSigner,
  linesOf,
  relink,
  streamOf,
} from '../../helpers/factories-journal.ts';

const changes = [aGoodChange('chg_1'), aGoodChange('chg_2', 10), aGoodChange('chg_3', 20)];
const [first = [], second = [], third = []] = changes;

/** The same events under new hashes that fit. */
function rechained(events: readonly ChainedEvent[]): ChainedEvent[] {
  return relink(events.map((event, index) => ({ ...event, number: index + 1 })));
}

function ofSecond(event: ChainedEvent): ChainedEvent {
  return { ...event, changeId: 'chg_2' };
}

function withKind(events: readonly ChainedEvent[], index: number, kind: string): ChainedEvent[] {
  return events.map((event, at) => (at === index ? { ...event, kind } : event));
}

function without<Item>(items: readonly Item[], index: number): Item[] {
  return items.filter((_, at) => at !== index);
}

function swapped<Item>(items: readonly Item[], one: number, other: number): Item[] {
  const [a, b] = [items[one], items[other]];
  return items.map((item, at) => {
    if (at === one && b !== undefined) return b;
    return at === other && a !== undefined ? a : item;
  });
}

describe('an exported journal', () => {
  let keys: Awaited<ReturnType<typeof aSigner>>['keys'];
  let signer: Signer;
  let forger: Signer;
  let seal: SignedSeal;

  beforeAll(async () => {
    ({ signer, keys } = await aSigner());
    ({ signer: forger } = await aSigner(2));
    seal = aSeal(signer, changes);
  });

  const verified = async (lines: readonly string[]) =>
    (await verifyExport(streamOf(lines), keys)).verification;
  const faultsIn = async (lines: readonly string[]): Promise<string> => {
    const { holds, checks } = await verified(lines);
    expect(holds).toBe(false);
    return checks.flatMap(({ broken }) => broken).join('\n');
  };

  it('holds as it was written', async () => {
    const { holds, checks } = await verified(linesOf(changes, seal));

    expect(checks.filter((check) => !check.holds)).toEqual([]);
    expect(holds).toBe(true);
  });

  it.each<[what: string, tampered: ChainedEvent[][], fault: string]>([
    [
      'a word was altered',
      [first, withKind(second, 2, 'accepted'), third],
      'chg_2 event 3 does not fit its hash',
    ],
    [
      'an event was dropped',
      [first, without(second, 2), third],
      'chg_2: event 4 stands where 3 belongs',
    ],
    [
      'the first event was dropped',
      [without(first, 0), second, third],
      'chg_1: event 2 stands where 1 belongs',
    ],
    [
      'the last event was dropped',
      [first, second, without(third, 4)],
      '14 events where 15 were sealed',
    ],
    [
      'two events were swapped',
      [first, swapped(second, 2, 3), third],
      'chg_2: event 4 stands where 3 belongs',
    ],
    [
      'two events were swapped and renumbered',
      [
        first,
        swapped(second, 2, 3).map((event, index) => ({ ...event, number: index + 1 })),
        third,
      ],
      'chg_2 event 3 does not fit its hash',
    ],
    [
      'a chain was rewritten with hashes that fit',
      [first, rechained(withKind(second, 2, 'waiting')), third],
      'the chains are not those that were sealed',
    ],
    [
      'an event was dropped and the rest rewritten',
      [first, rechained(without(second, 2)), third],
      'the chains are not those that were sealed',
    ],
    [
      'an event was invented and the rest rewritten',
      [first, rechained([...second.slice(0, 2), ...second.slice(1)]), third],
      '16 events where 15 were sealed',
    ],
    ['a change was dropped', [first, third], '2 changes where 3 were sealed'],
    [
      'two changes were swapped',
      [second, first, third],
      'the chains are not those that were sealed',
    ],
    [
      'the hashes were taken away',
      [first, second.map((event) => ({ ...event, hash: null })), third],
      'the chains are not those that were sealed',
    ],
    [
      'an event was moved to another change',
      [without(first, 4), [...first.slice(4), ...second].map(ofSecond), third],
      'chg_2: event 5 stands where 1 belongs',
    ],
  ])('does not hold when %s', async (_, tampered, fault) => {
    expect(await faultsIn(linesOf(tampered, seal))).toContain(fault);
  });

  it('does not hold when all was rewritten and sealed anew with another key', async () => {
    const rewritten = [first, rechained(withKind(second, 2, 'waiting')), third];

    const faults = await faultsIn(linesOf(rewritten, aSeal(forger, rewritten)));

    expect(faults).toContain('none of the keys');
  });

  it('does not hold when the seal was altered, or signed by another key in the name of ours', async () => {
    const altered = { ...seal, seal: { ...seal.seal, events: 14 } };
    const signedByOther = { ...seal, signature: forger.sign('anything') };

    expect(await faultsIn(linesOf(changes, altered))).toContain('none of the keys');
    expect(await faultsIn(linesOf(changes, signedByOther))).toContain('none of the keys');
  });

  it('does not hold without its seal', async () => {
    expect(await faultsIn(linesOf(changes, null))).toContain('there is no seal');
  });

  it('does not hold when something stands behind the seal, or is no event', async () => {
    const lines = linesOf(changes, seal);

    expect(await faultsIn([...lines, lines[0] ?? ''])).toContain('line 17 stands behind the seal');
    expect(await faultsIn(['{"kind":', ...lines])).toContain(
      'line 1 is neither an event nor a seal',
    );
  });

  it('does not hold whichever character is altered', async () => {
    const lines = linesOf(changes, seal);
    const place = fc.nat({ max: lines.length - 1 }).chain((line) =>
      fc.record({
        line: fc.constant(line),
        column: fc.nat({ max: (lines[line] ?? '').length - 1 }),
        character: fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme-ascii' }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(place, async ({ line, column, character }) => {
        const text = lines[line] ?? '';
        fc.pre(text[column] !== character);
        const altered = `${text.slice(0, column)}${character}${text.slice(column + 1)}`;

        const { holds } = await verified(lines.map((one, at) => (at === line ? altered : one)));

        expect(holds).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('does not hold in any other order of its events, or with any of them missing', async () => {
    const lines = linesOf(changes, seal);
    const events = lines.slice(0, -1);
    const some = fc.shuffledSubarray(events, { minLength: 0 });
    await fc.assert(
      fc.asyncProperty(some, async (left) => {
        fc.pre(left.join() !== events.join());

        const { holds } = await verified([...left, ...lines.slice(-1)]);

        expect(holds).toBe(false);
      }),
    );
  });
});
