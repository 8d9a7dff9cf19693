import { describe, expect, it } from 'vitest';
import { createLaneLengths } from '../../../shared/worker/lane-lengths.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const regionId = 'cn-hangzhou';
const lane = (name: string, backlog: number, region = regionId) => ({
  laneKey: `gateway:${region}/${name}`,
  regionId: region,
  backlog,
});

describe('the lengths of lanes', () => {
  it.each([
    { others: [], backlog: 0, isLongest: false, why: 'nothing waits on it' },
    { others: [], backlog: 1, isLongest: true, why: 'it is the only one' },
    { others: [3, 7], backlog: 7, isLongest: true, why: 'none is longer' },
    { others: [3, 8], backlog: 7, isLongest: false, why: 'another is longer' },
  ])('say of $backlog beside $others whether it is the longest: $why', (row) => {
    const lengths = createLaneLengths(new FakeClock());
    for (const [index, backlog] of row.others.entries()) lengths.saw(lane(`vpn-${index}`, backlog));
    lengths.saw(lane('vpn-mine', row.backlog));

    expect(lengths.isLongest(lane('vpn-mine', row.backlog))).toBe(row.isLongest);
    expect(lengths.atWork(regionId)).toBe(row.others.length + 1);
  });

  it('are those of the latest sight, and of the lane’s own region', () => {
    const lengths = createLaneLengths(new FakeClock());
    lengths.saw(lane('vpn-1', 9));
    lengths.saw(lane('vpn-1', 2));
    lengths.saw(lane('vpn-2', 50, 'cn-shanghai'));

    expect(lengths.isLongest(lane('vpn-2', 3))).toBe(true);
    expect(lengths.isLongest(lane('vpn-2', 1))).toBe(false);
    expect(lengths.atWork(regionId)).toBe(1);
  });

  it('are forgotten a minute after a lane was last in hand', async () => {
    const clock = new FakeClock();
    const lengths = createLaneLengths(clock);
    lengths.saw(lane('vpn-1', 9));
    await clock.advance(40_000);
    lengths.saw(lane('vpn-2', 5));
    await clock.advance(20_001);

    expect(lengths.isLongest(lane('vpn-3', 5))).toBe(true);
    expect(lengths.isLongest(lane('vpn-3', 4))).toBe(false);
    expect(lengths.atWork(regionId)).toBe(1);
  });
});
