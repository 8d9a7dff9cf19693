import { describe, expect, it } from 'vitest';
import type { ChainedEvent } from '../../../shared/journal/chain.ts';
import { countsOf } from '../../helpers/factories.ts';
import {
  aChain,
  aGoodChange,
  aPlace,
  brokenIn,
  request,
  type ShortEvent,
  secondOf,
} from '../../helpers/factories-journal.ts';

const lane = 'gateway:r/vpn-1';
const begin: readonly ShortEvent[] = [
  [0, 'resolved', aPlace('a', lane)],
  [1, 'started', { lane }],
];
const prepared: ShortEvent = [2, 'prepared', request];
const applied = { state: 'succeeded', readBack: 'applied' };

function aChangeOf(...events: readonly ShortEvent[]): ChainedEvent[][] {
  return [aChain('chg_1', [...begin, ...events])];
}

describe('the rollout (P7)', () => {
  const three = ['a', 'b', 'c'].map((name) => aGoodChange(`chg_${name}`, 0, aPlace(name)));
  const rules = { concurrency: 2, maxErrors: 0, onFailure: 'stop' } as const;

  it('is broken by more changes at once than allowed', () => {
    expect(brokenIn({ changes: three, facts: { rules: { ...rules, concurrency: 3 } } })).toEqual(
      [],
    );
    expect(brokenIn({ changes: three, facts: { rules } })).toEqual([
      `P7: 3 changes at once at ${secondOf(1)}`,
    ]);
  });

  it('gives a slot on at the moment when it becomes free', () => {
    const changes = [...three.slice(0, 2), aGoodChange('chg_d', 5, aPlace('d'))];

    expect(brokenIn({ changes, facts: { rules } })).toEqual([]);
  });

  it('counts a half done change again when it goes on', () => {
    const half = aChain('chg_1', [
      ...begin,
      prepared,
      [3, 'part_applied', { readBack: 'applied' }],
      [3, 'waiting'],
      [8, 'prepared', request],
      [9, 'finished', applied],
    ]);
    const other = aGoodChange('chg_2', 3, aPlace('b'));
    const one = { ...rules, concurrency: 1 };

    expect(brokenIn({ changes: [half, other], facts: { rules: one } })).toEqual([
      `P7: 2 changes at once at ${secondOf(8)}`,
    ]);
  });

  it('is broken by a change that starts after the others were cancelled', () => {
    const failed = aChangeOf([4, 'finished', { state: 'failed' }]);
    const cancelled = aChain('chg_2', [
      [0, 'resolved', aPlace('b')],
      [4, 'finished', { state: 'cancelled' }],
    ]);
    const late = aGoodChange('chg_3', 4, aPlace('c'));

    expect(brokenIn({ changes: [...failed, cancelled] })).toEqual([]);
    expect(brokenIn({ changes: [...failed, cancelled, late] })).toEqual([
      `P7: chg_3 started at ${secondOf(5)}`,
    ]);
  });
});

describe('a pause (P7)', () => {
  const orders = aChain('job_1', [
    [2, 'paused', { actor: 'ops', reason: 'why not' }],
    [6, 'resumed', { actor: 'ops', reason: 'why not' }],
  ]);

  it('is kept by what starts before and after it', () => {
    const changes = [orders, aGoodChange('chg_1', 0), aGoodChange('chg_2', 5, aPlace('b'))];

    expect(brokenIn({ changes })).toEqual([]);
  });

  it('is broken by what starts while it lasts', () => {
    const changes = [orders, aGoodChange('chg_1', 3)];

    expect(brokenIn({ changes })).toEqual([`P7: chg_1 started at ${secondOf(4)}`]);
  });
});

describe('a change that is tried again', () => {
  const tried = (...rest: readonly ShortEvent[]): ChainedEvent[][] =>
    aChangeOf([4, 'finished', { state: 'failed' }], ...rest);
  const retried: ShortEvent = [5, 'retried', { actor: 'ops', reason: 'the peer was mended' }];

  it('counts as what it came to in the end', () => {
    const again = tried(retried, [6, 'started', { lane }], [9, 'finished', applied]);

    expect(
      brokenIn({ changes: again, facts: { counts: { ...countsOf(), succeeded: 1 } } }),
    ).toEqual([]);
  });

  it('may come after what stands behind it on its connection', () => {
    const first = tried(retried, [8, 'started', { lane }], [9, 'finished', applied]);
    const behind = aChain('chg_2', [
      [0, 'resolved', aPlace('a', lane)],
      [4, 'started', { lane }],
      [7, 'finished', applied],
    ]);
    const counts = { ...countsOf(), succeeded: 2 };

    expect(brokenIn({ changes: [...first, behind], facts: { counts } })).toEqual([]);
  });

  it('goes on after its end in no other way', () => {
    const again = tried([6, 'started', { lane }], [9, 'finished', applied]);

    expect(
      brokenIn({ changes: again, facts: { counts: { ...countsOf(), succeeded: 1 } } }),
    ).not.toEqual([]);
  });
});

describe('a slow start (P7)', () => {
  const rules = { concurrency: 4, maxErrors: 0, onFailure: 'stop', slowStart: true } as const;
  const at = (name: string, from: number): ChainedEvent[] =>
    aGoodChange(`chg_${name}`, from, aPlace(name));

  it('is kept by one change, then two, then four', () => {
    const changes = [
      at('a', 0),
      at('b', 6),
      at('c', 6),
      ...['d', 'e', 'f', 'g'].map((n) => at(n, 12)),
    ];

    expect(brokenIn({ changes, facts: { rules } })).toEqual([]);
  });

  it('is broken by two changes at the beginning', () => {
    const changes = [at('a', 0), at('b', 0)];

    expect(brokenIn({ changes, facts: { rules } })).toEqual([
      `P7: 2 changes at once at ${secondOf(1)}`,
    ]);
    expect(brokenIn({ changes, facts: { rules: { ...rules, batches: [1, 2] } } })).not.toContain(
      `P7: 2 changes at once at ${secondOf(1)}`,
    );
  });
});

describe('batches (P7)', () => {
  const rules = { concurrency: 9, maxErrors: 0, onFailure: 'stop', batches: [2, 3] } as const;
  const facts = { rules: { ...rules, batches: [...rules.batches] } };
  const [a, b] = [aGoodChange('chg_a', 0, aPlace('a')), aGoodChange('chg_b', 1, aPlace('b'))];

  it('are kept when the next one starts after the end of all before it', () => {
    expect(brokenIn({ changes: [a, b, aGoodChange('chg_c', 6, aPlace('c'))], facts })).toEqual([]);
  });

  it('are broken by what starts while something before it goes on', () => {
    expect(brokenIn({ changes: [a, b, aGoodChange('chg_c', 5, aPlace('c'))], facts })).toEqual([
      `P7: chg_c started at ${secondOf(6)}, before chg_b had ended`,
    ]);
  });

  it('are not broken by what is tried again after the next one was opened', () => {
    const again = aChain('chg_b', [
      [0, 'resolved', aPlace('b')],
      [1, 'started', { lane: aPlace('b').lane }],
      [4, 'finished', { state: 'failed' }],
      [9, 'retried'],
      [10, 'started', { lane: aPlace('b').lane }],
      [12, 'finished', applied],
    ]);
    const changes = [a, again, aGoodChange('chg_c', 6, aPlace('c'))];
    const counts = { ...countsOf(), succeeded: 3 };

    expect(brokenIn({ changes, facts: { ...facts, counts } })).toEqual([]);
  });
});

describe('a window (P7)', () => {
  const facts = {
    rules: {
      concurrency: 9,
      maxErrors: 0,
      onFailure: 'stop' as const,
      notBefore: secondOf(1),
      notAfter: secondOf(5),
    },
  };

  it('is kept by what starts in it, however long that takes', () => {
    const changes = [aGoodChange('chg_a', 0), aGoodChange('chg_b', 4, aPlace('b'))];

    expect(brokenIn({ changes, facts })).toEqual([]);
  });

  it('is broken by what starts before and after it', () => {
    const changes = [
      aChain('chg_a', [
        [0, 'resolved', aPlace('a')],
        [0, 'started', { lane: aPlace('a').lane }],
        [3, 'finished', applied],
      ]),
      aGoodChange('chg_b', 5, aPlace('b')),
    ];

    expect(brokenIn({ changes, facts })).toEqual([
      `P7: chg_a started at ${secondOf(0)}`,
      `P7: chg_b started at ${secondOf(6)}`,
    ]);
  });
});

describe('an approval (P7)', () => {
  const approval = { required: 2, submitter: 'ops' };
  const rules = { concurrency: 9, maxErrors: 0, onFailure: 'stop', approval } as const;
  const facts = { rules, planDigest: 'd1' };
  const word = (second: number, actor: string, digest = 'd1'): ShortEvent => [
    second,
    'approved',
    { actor, digest, reason: 'good' },
  ];
  const broken = (...orders: readonly ShortEvent[]): readonly string[] =>
    brokenIn({ changes: [aChain('job_1', orders), aGoodChange('chg_1', 3)], facts });
  const short = (given: number): string[] => [
    `P7: chg_1 started at ${secondOf(4)}, ${given} of 2 had approved it`,
  ];

  it('is kept when as many have given it before anything starts', () => {
    expect(broken(word(1, 'ann'), word(2, 'ben'))).toEqual([]);
  });

  it.each<[string, readonly ShortEvent[], number]>([
    ['there are too few', [word(1, 'ann')], 1],
    ['one came too late', [word(1, 'ann'), word(5, 'ben')], 1],
    ['one came twice', [word(1, 'ann'), word(2, 'ann')], 1],
    ['one is of the submitter', [word(1, 'ann'), word(2, 'ops')], 1],
    ['one was for another digest', [word(1, 'ann'), word(2, 'ben', 'd0')], 1],
    [
      'they were given before the base moved',
      [word(1, 'ann'), word(2, 'ben'), [3, 'base_moved', { actor: 'eve' }]],
      0,
    ],
  ])('is broken when %s', (_, orders, given) => {
    expect(broken(...orders)).toEqual(short(given));
  });

  it('is not asked for where nothing started', () => {
    const cancelled = aChain('chg_1', [
      [0, 'resolved', aPlace('a')],
      [4, 'finished', { state: 'cancelled' }],
    ]);

    expect(brokenIn({ changes: [cancelled], facts })).toEqual([]);
  });
});

describe('a pause in a pause (P7)', () => {
  it('is one', () => {
    const orders = aChain('job_1', [
      [2, 'paused', { actor: 'ops', reason: 'why not' }],
      [3, 'paused', { batch: 1, of: 2, reason: 'batch 1 of 2 has ended' }],
      [6, 'resumed', { actor: 'ops', reason: 'why not' }],
    ]);
    const late = aGoodChange('chg_b', 5, aPlace('b'));

    expect(brokenIn({ changes: [orders, aGoodChange('chg_1', 0), late] })).toEqual([]);
    expect(brokenIn({ changes: [orders, aGoodChange('chg_1', 3)] })).toEqual([
      `P7: chg_1 started at ${secondOf(4)}`,
    ]);
  });
});
