import { describe, expect, it } from 'vitest';
import type { ChainedEvent } from '../../../shared/journal/chain.ts';
import {
  aChain,
  aGoodChange,
  aPlace,
  brokenIn,
  factsOf,
  replayed,
  request,
  type ShortEvent,
  secondOf,
} from '../../helpers/factories-journal.ts';

const lane = 'gateway:r/vpn-1';
const place = aPlace('a', lane);
const begin: readonly ShortEvent[] = [
  [0, 'resolved', place],
  [1, 'started', { lane }],
];
const prepared: ShortEvent = [2, 'prepared', request];
const lost: ShortEvent = [3, 'unknown_fate', request];
const applied = { state: 'succeeded', readBack: 'applied' };

function aChangeOf(...events: readonly ShortEvent[]): ChainedEvent[][] {
  return [aChain('chg_1', [...begin, ...events])];
}

describe('a journal that keeps every promise', () => {
  it.each<[what: string, changes: ChainedEvent[][]]>([
    [
      'with changes that follow each other on a lane',
      [aGoodChange('chg_1', 0, aPlace('a', lane)), aGoodChange('chg_2', 5, aPlace('b', lane))],
    ],
    [
      'with changes of one connection in turn',
      [aGoodChange('chg_1', 0, place), aGoodChange('chg_2', 6, place)],
    ],
    [
      'with a repeat after a read',
      aChangeOf(
        prepared,
        lost,
        [6, 'not_applied', { readBack: 'not_applied', readAt: secondOf(5) }],
        [6, 'accepted', { ...request, sentAt: secondOf(6) }],
        [9, 'finished', applied],
      ),
    ],
    ['with a request that nobody lived to tell of', aChangeOf(prepared, [9, 'finished', applied])],
    [
      'with a request that was put off and stored anew',
      aChangeOf(
        prepared,
        [3, 'requeued'],
        [5, 'started', { lane }],
        [6, 'prepared', { requestDigest: 'digest-1', clientToken: 'token-2' }],
        [7, 'accepted', { requestDigest: 'digest-1', clientToken: 'token-2' }],
        [9, 'finished', applied],
      ),
    ],
    [
      'with nothing to change',
      aChangeOf([3, 'finished', { state: 'unchanged', readBack: 'nothing_left' }]),
    ],
    ['with a target that was refused', [aChain('chg_1', [[0, 'finished', { state: 'failed' }]])]],
    [
      'with events from before there were chains',
      [
        aGoodChange('chg_1').map(({ data, ...event }) => ({
          ...event,
          data: { state: data.state },
          hash: null,
        })),
      ],
    ],
  ])('holds %s', (_, changes) => {
    expect(brokenIn({ changes })).toEqual([]);
  });

  it('says where there was nothing to examine', () => {
    const checks = replayed({ changes: [aGoodChange('chg_1')] });
    const tunnels = checks.find(({ promise }) => promise === 'P6');

    expect(tunnels).toMatchObject({
      holds: true,
      examined: 0,
      evidence: 'nothing of this kind in this job',
    });
    expect(checks.map(({ promise }) => promise)).toEqual([
      'journal',
      'journal',
      'P1',
      'P1',
      'P3',
      'P4',
      'P6',
      'P6',
      'P7',
      'P7',
      'P7',
      'P7',
      'P7',
      'P7',
    ]);
  });
});

describe('one change at a time on a lane (P1)', () => {
  it('is broken by two requests in flight at once', () => {
    const changes = [
      aGoodChange('chg_1', 0, aPlace('a', lane)),
      aGoodChange('chg_2', 2, aPlace('b', lane)),
    ];

    expect(brokenIn({ changes })).toEqual([
      `P1: ${lane}: chg_2 from ${secondOf(4)} on while chg_1 was in flight`,
    ]);
  });

  it('is broken by another job on the lane, and not by what others do among themselves', () => {
    const ours = [aGoodChange('chg_1', 0, aPlace('a', lane))];
    const [open = []] = aChangeOf(prepared, lost);
    const theirs = aGoodChange('chg_8', 20, aPlace('b', lane));
    const alsoTheirs = aGoodChange('chg_9', 21, aPlace('c', lane));

    expect(brokenIn({ changes: ours, neighbours: [open] })).toHaveLength(1);
    expect(brokenIn({ changes: ours, neighbours: [theirs, alsoTheirs] })).toEqual([]);
  });

  it('is broken by a long request that several others overlap', () => {
    const long = aChangeOf(prepared, [50, 'finished', applied]);
    const changes = [
      ...long,
      aGoodChange('chg_2', 5, aPlace('b', lane)),
      aGoodChange('chg_3', 20, aPlace('c', lane)),
    ];

    expect(brokenIn({ changes })).toHaveLength(2);
  });

  it('is broken by a change that starts before its predecessor on the connection has ended', () => {
    const changes = [
      aGoodChange('chg_1', 5, aPlace('a', 'gateway:r/one')),
      aGoodChange('chg_2', 0, aPlace('a', 'gateway:r/two')),
    ];

    expect(brokenIn({ changes })).toEqual(['P1: r/vco-a: chg_2 started before chg_1 had ended']);
  });

  it('is broken by a request that replaces one whose fate is open', () => {
    const changes = aChangeOf(prepared, lost, [5, 'prepared', request], [9, 'finished', applied]);

    expect(brokenIn({ changes })).toContain(
      'P1: chg_1 event 5 replaces a request whose fate was open',
    );
  });
});

describe('repeats (P3)', () => {
  const repeat: ShortEvent = [6, 'accepted', { ...request, sentAt: secondOf(6) }];

  it.each<[what: string, events: ShortEvent[], fault: string]>([
    ['without a read before it', [prepared, lost, repeat], 'repeated without a read before it'],
    [
      'before the read',
      [prepared, lost, [7, 'not_applied', { readAt: secondOf(7) }], repeat],
      'before the read',
    ],
    [
      'with another token',
      [prepared, [3, 'accepted', { ...request, clientToken: 'token-9' }]],
      'sent with token token-9',
    ],
    [
      'with another content',
      [prepared, [3, 'accepted', { ...request, requestDigest: 'digest-9' }]],
      'sent another request',
    ],
  ])('are broken by a sending %s', (_, events, fault) => {
    const changes = aChangeOf(...events, [9, 'finished', applied]);

    expect(brokenIn({ changes }).join()).toContain(fault);
  });

  it('are broken by a sending that was not stored before', () => {
    const changes = aChangeOf(lost, [9, 'finished', { state: 'failed' }]);

    expect(brokenIn({ changes }).join()).toContain('was not stored before');
  });

  it('are broken by success without reading back, and by a return to the queue', () => {
    const unread = aChangeOf(prepared, lost, [9, 'finished', { state: 'succeeded' }]);
    const gone = aChangeOf(
      prepared,
      lost,
      [5, 'requeued'],
      [9, 'finished', { state: 'cancelled' }],
    );

    expect(brokenIn({ changes: unread }).join()).toContain('without having been read back');
    expect(brokenIn({ changes: gone }).join()).toContain('went back to the queue');
  });
});

describe('keys (P4)', () => {
  const withKeys = (kept: string[]): ChainedEvent[][] => {
    const keys = { fresh: ['IkeConfig.Psk'], kept };
    return aChangeOf([2, 'prepared', { ...request, keys }], [9, 'finished', applied]);
  };

  it('are kept where new ones replace them', () => {
    expect(brokenIn({ changes: withKeys(['IkeConfig.Psk']) })).toEqual([]);
    expect(brokenIn({ changes: withKeys([]) })).toEqual([
      'P4: chg_1: the key at IkeConfig.Psk was not kept',
    ]);
  });
});

describe('two tunnels (P6)', () => {
  const seen = (isUp: boolean, more: Readonly<Record<string, unknown>> = {}) => ({
    ...request,
    ...more,
    part: 'tun-1',
    tunnels: [
      { tunnelId: 'tun-1', isUp: true, wasUp: true },
      { tunnelId: 'tun-2', isUp, wasUp: true },
    ],
  });

  it.each<[what: string, events: ShortEvent[], faults: number]>([
    ['while the other is up', [[2, 'prepared', seen(true)]], 0],
    ['while the other is down that was up', [[2, 'prepared', seen(false)]], 1],
    [
      'with EffectImmediately as planned',
      [[2, 'prepared', seen(true, { effectImmediately: 'planned' })]],
      0,
    ],
    [
      'with EffectImmediately unasked',
      [[2, 'prepared', seen(true, { effectImmediately: 'unplanned' })]],
      1,
    ],
    [
      'after the other one was applied',
      [
        [2, 'prepared', { ...seen(true), part: 'tun-2' }],
        [3, 'accepted', request],
        [4, 'part_applied', { readBack: 'applied' }],
        [5, 'prepared', seen(true)],
      ],
      0,
    ],
    [
      'before the other one was applied',
      [
        [2, 'prepared', { ...seen(true), part: 'tun-2' }],
        [3, 'accepted', request],
        [4, 'waiting'],
        [5, 'prepared', seen(true)],
      ],
      1,
    ],
  ])('are told apart when one is touched %s', (_, events, faults) => {
    const changes = aChangeOf(...events, [9, 'finished', applied]);

    const ofTunnels = brokenIn({ changes }).filter((fault) => fault.startsWith('P6'));

    expect(ofTunnels).toHaveLength(faults);
  });
});

describe('the ends', () => {
  it('are as the job counted them', () => {
    const changes = [aGoodChange('chg_1')];
    const facts = { counts: { ...factsOf([]).counts, failed: 1 } };

    expect(brokenIn({ changes, facts })).toEqual([
      'journal: 1 changes ended succeeded, 0 were counted',
      'journal: 0 changes ended failed, 1 were counted',
    ]);
  });

  it('are there, and nothing comes after them', () => {
    const open = aChangeOf(prepared);
    const more = aChangeOf([3, 'finished', { state: 'failed' }], [4, 'started', { lane }]);

    expect(brokenIn({ changes: open })).toContain('journal: chg_1 has no end');
    expect(brokenIn({ changes: more }).join()).toContain('comes after the end');
  });
});
