import { describe, expect, it } from 'vitest';
import type { ChainedEvent } from '../../../shared/journal/chain.ts';
import {
  aChain,
  aPlace,
  brokenIn,
  request,
  type ShortEvent,
  secondOf,
} from '../../helpers/factories-journal.ts';

const rules = {
  concurrency: 9,
  maxErrors: 9,
  onFailure: 'continue',
  redundancy: 'groups',
} as const;
const prepared = (second: number): ShortEvent => [second, 'prepared', request];
const accepted = (second: number): ShortEvent => [
  second,
  'accepted',
  { ...request, sentAt: secondOf(second) },
];
const done = { state: 'succeeded', readBack: 'applied' };

/** A change on a connection of its own, which leads to these addresses and, through `vpc-1`, to these subnets. */
function aChange(
  name: string,
  [addresses, subnets]: [string, string],
  events: readonly ShortEvent[],
): ChainedEvent[] {
  const split = (list: string): string[] => list.split(',').filter((text) => text !== '');
  const leadsTo = {
    customerAddresses: split(addresses),
    network: 'vpc-1',
    remoteSubnets: split(subnets),
  };
  return aChain(`chg_${name}`, [
    [0, 'resolved', { ...aPlace(name), leadsTo }],
    [1, 'started', { lane: aPlace(name).lane }],
    ...events,
  ]);
}

const from = (second: number, end = second + 6): readonly ShortEvent[] => [
  prepared(second),
  accepted(second + 1),
  [end, 'finished', done],
];
const requeued = (second: number): ShortEvent => [second, 'requeued', { readBack: 'base' }];
const half = (second: number): ShortEvent => [second, 'part_applied', { readBack: 'applied' }];

const broken = (changes: ChainedEvent[][], redundancy: 'groups' | 'none' = 'groups'): string[] =>
  brokenIn({ changes, facts: { rules: { ...rules, redundancy } } }).filter((fault) =>
    fault.startsWith('P6'),
  );

describe('connections that back each other up (P6)', () => {
  it.each<[string, [string, string], [string, string]]>([
    ['one address', ['1.1.1.1', ''], ['1.1.1.1', '']],
    ['overlapping subnets', ['', '10.0.0.0/8'], ['', '10.1.0.0/16']],
  ])('may not be in flight together with %s', (_, one, other) => {
    const fault = `P6: chg_b on r/vco-b from ${secondOf(5)} on while chg_a on r/vco-a was in flight`;
    const changes = [aChange('a', one, from(2)), aChange('b', other, from(5))];

    expect(broken(changes)).toEqual([fault]);
    expect(broken(changes, 'none')).toEqual([]);
    expect(broken([aChange('a', one, from(2)), aChange('b', other, from(8))])).toEqual([]);
  });

  it('may be where they do not', () => {
    const apart: ChainedEvent[][] = [
      aChange('a', ['1.1.1.1', '10.0.0.0/16'], from(2)),
      aChange('b', ['2.2.2.2', '10.1.0.0/16'], from(2)),
    ];

    expect(broken(apart)).toEqual([]);
  });

  it('are in flight until the last tunnel has ended', () => {
    const other = aChange('b', ['1.1.1.1', ''], from(6));
    const waits: readonly ShortEvent[] = [
      prepared(2),
      accepted(3),
      half(4),
      [4, 'waiting'],
      ...from(12),
    ];

    expect(broken([aChange('a', ['1.1.1.1', ''], waits), other])).toHaveLength(1);
  });

  it('are not in flight once the cloud has refused a first request', () => {
    const busy: readonly ShortEvent[] = [prepared(2), accepted(3), requeued(4), ...from(20)];
    const halfBusy: readonly ShortEvent[] = [
      prepared(2),
      accepted(3),
      half(4),
      prepared(4),
      accepted(4),
      requeued(5),
      ...from(20),
    ];
    const other = aChange('b', ['1.1.1.1', ''], from(6));

    expect(broken([aChange('a', ['1.1.1.1', ''], busy), other])).toEqual([]);
    expect(broken([aChange('a', ['1.1.1.1', ''], halfBusy), other])).toHaveLength(1);
  });
});
