import { describe, expect, it } from 'vitest';
import { exposition } from '../../../shared/metrics/exposition.ts';
import type { FleetState } from '../../../shared/metrics/fleet-state.ts';
import { createTally, type TallyEntry } from '../../../shared/metrics/tally.ts';
import { aFleetState } from '../../helpers/factories.ts';
import { complaintsAbout, findPromtool } from '../../helpers/promtool.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const { jobs, changes } = aFleetState();

function aState(tallies: readonly TallyEntry[] = []): FleetState {
  return aFleetState({
    jobs: { ...jobs, running: 2 },
    changes: { ...changes, queued: 30, settling: 4 },
    lanes: { due: 3, leased: 2, waiting: 1, parked: 0 },
    queueAgeSeconds: 0.25,
    budgets: [{ regionId: 'cn-hangzhou', action: 'ModifyVpnConnectionAttribute', left: 7 }],
    tallies,
  });
}

async function tallied(): Promise<readonly TallyEntry[]> {
  const added: TallyEntry[] = [];
  const store = { add: async (entries: readonly TallyEntry[]) => void added.push(...entries) };
  const tally = createTally({ store, logger: createRecordingLogger().logger });
  tally.count('api_calls_total', { action: 'DescribeVpnGateway', code: 'a "b"\\c\n' });
  tally.count('changes_finished_total', { state: 'succeeded', code: '' });
  for (const seconds of [3, 12, 12, 700])
    tally.observe('settle_seconds', { of: 'gateway' }, seconds);
  tally.observe('settle_seconds', { of: 'attachment' }, 40);
  tally.observe('change_wait_seconds', {}, 2);
  await tally.flush();
  return added;
}

describe('the text for Prometheus', () => {
  it('has one line for each number, under help and type', () => {
    const text = exposition(aState());

    expect(text).toContain(
      '# HELP lanekeeper_queue_age_seconds For how long the lane that is due longest has waited for a worker.\n' +
        '# TYPE lanekeeper_queue_age_seconds gauge\nlanekeeper_queue_age_seconds 0.25\n',
    );
    expect(text).toContain('lanekeeper_changes{state="settling"} 4\n');
    expect(text).toContain('lanekeeper_lanes{state="due"} 3\n');
    expect(text).toContain(
      'lanekeeper_api_budget_left{action="ModifyVpnConnectionAttribute",region="cn-hangzhou"} 7\n',
    );
  });

  it('adds the buckets of a histogram up, each kind for itself', async () => {
    const text = exposition(aState(await tallied()));

    const of = (kind: string): string[] =>
      text
        .split('\n')
        .filter((line) => line.startsWith('lanekeeper_settle') && line.includes(kind));
    expect(of('gateway').map((line) => line.split(' ')[1])).toEqual(
      [1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 727, 4].map(String),
    );
    expect(of('gateway').at(0)).toBe('lanekeeper_settle_seconds_bucket{le="5",of="gateway"} 1');
    expect(of('attachment').at(-1)).toBe('lanekeeper_settle_seconds_count{of="attachment"} 1');
  });

  it('escapes what codes may hold', async () => {
    const text = exposition(aState(await tallied()));

    expect(text).toContain(
      String.raw`lanekeeper_api_calls_total{action="DescribeVpnGateway",code="a \"b\"\\c\n"} 1`,
    );
  });

  const promtool = findPromtool();

  it.skipIf(promtool === null)('has nothing that promtool objects to', async () => {
    if (promtool === null) throw new Error('skipped without it');
    const text = exposition(aState(await tallied()));

    expect(await complaintsAbout(promtool, text)).toBe('');
    expect(await complaintsAbout(promtool, text.replace(' 0.25', ' soon'))).not.toBe('');
  });
});
