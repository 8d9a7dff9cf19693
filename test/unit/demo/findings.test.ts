import { describe, expect, it } from 'vitest';
import { checksOf, type Evidence, journalCheckOf } from '../../../local/demo/findings.ts';
import { createFleet } from '../../../local/demo/fleet.ts';
import { rotationPlan, upgradePlan } from '../../../local/demo/plans.ts';
import { createSimulator, type Simulator } from '../../../local/simulator/simulator.ts';
import { verifyExport } from '../../../shared/journal/verify-export.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import type { ChangeBody } from '../../../shared/progress/change-body.ts';
import { aGoodChange, aSeal, aSigner, linesOf, streamOf } from '../../helpers/factories-journal.ts';

const regionId = 'cn-hangzhou';
const fleet = createFleet('small', 1);
const rotation = rotationPlan(fleet, random);
const plans = [upgradePlan(fleet), rotation];

const aChange: ChangeBody = {
  id: 'chg_1',
  jobId: 'job_1',
  seq: 0,
  regionId,
  vpnConnectionId: 'vco-1',
  laneKey: null,
  state: 'succeeded',
  waitingFor: null,
  attempts: 1,
  verdict: null,
  tunnels: null,
  diff: [],
  lastError: null,
  startedAt: null,
  finishedAt: null,
};

/** A cloud in which both plans were carried out as they should be, one change after another. */
function carriedOut(): { simulator: Simulator; now: { at: number } } {
  const now = { at: 1_000_000 };
  const clock = { now: () => now.at, sleep: () => Promise.resolve() };
  const simulator = createSimulator({ clock, inventory: fleet.inventory });
  for (const plan of plans) {
    for (const { id } of plan.connections) {
      const entry = simulator.state.entry(regionId, id);
      const patch = plan.appliedTo(simulator.state.connection(regionId, id));
      const timing = { settleMs: 10, lateMs: 0 };
      simulator.state.accept(entry, {
        requestId: `${now.at}`,
        clientToken: null,
        source: 'api',
        patch,
        ...timing,
      });
      now.at += 10;
    }
  }
  return { simulator, now };
}

function evidence(overrides: Partial<Evidence> = {}): Evidence {
  return {
    fleet,
    plans,
    keys: rotation.keys,
    simulator: carriedOut().simulator,
    colleague: { names: new Map(), edits: () => 0 },
    changes: [aChange],
    logLines: ['{"message":"job accepted"}'],
    answers: ['{}'],
    ...overrides,
  };
}

/** The numbers of the checks that do not hold, from 1. */
function broken(given: Evidence): readonly number[] {
  return checksOf(given).flatMap(({ holds }, index) => (holds ? [] : [index + 1]));
}

describe('checks of the demo', () => {
  it('all hold when the plans were carried out', () => {
    expect(broken(evidence())).toEqual([]);
  });

  it.each([
    ['a change failed', { changes: [aChange, { ...aChange, state: 'failed' as const }] }, [1]],
    ['there are no changes', { changes: [] }, [1]],
    ['a key is in the log', { logLines: [`{"x":"${rotation.keys[3]}"}`] }, [5]],
    ['a key is in an answer', { answers: [rotation.keys[0] ?? ''] }, [5]],
    [
      'an edit by somebody else was lost',
      { colleague: { names: new Map([[fleet.others[0]?.id ?? '', 'theirs']]), edits: () => 1 } },
      [4],
    ],
  ])('tell that %s', (_, overrides, expected) => {
    expect(broken(evidence(overrides))).toEqual(expected);
  });

  it('tell that a connection was written once too often', () => {
    const { simulator } = carriedOut();
    const [{ id } = { id: '' }] = fleet.ours;
    const request = { requestId: 'again', clientToken: null, patch: {} };
    simulator.state.accept(simulator.state.entry(regionId, id), {
      ...request,
      source: 'api',
      settleMs: 1,
      lateMs: 0,
    });

    expect(broken(evidence({ simulator }))).toEqual([3]);
  });

  it('tell that a value is not the wanted one', () => {
    const { simulator, now } = carriedOut();
    const [{ id } = { id: '' }] = fleet.ours;
    simulator.state.tamper(regionId, id, { enableDpd: false }, { settleMs: 0 });
    now.at += 1;

    expect(broken(evidence({ simulator }))).toEqual([4]);
  });
});

describe('the fleet of the demo', () => {
  it('is as large as promised, and leaves one connection on each gateway to others', () => {
    const { inventory, ours, others } = createFleet('full', 1);
    const attachments = ours.filter(({ attachType }) => attachType === 'CEN');

    expect(ours.length).toBeGreaterThanOrEqual(240);
    expect(inventory.gateways.length).toBeGreaterThanOrEqual(30);
    expect(attachments.length).toBeGreaterThanOrEqual(40);
    expect(new Set(others.map(({ vpnGatewayId }) => vpnGatewayId)).size).toBe(
      inventory.gateways.length,
    );
    expect(inventory.connections.every(({ tunnels }) => tunnels.length === 0)).toBe(true);
  });

  it('gets a new key of its own for each connection of the rotation', () => {
    const all = [...rotation.keys, ...fleet.ours.map(({ ike }) => ike.Psk)];

    expect(new Set(all).size).toBe(all.length);
  });
});

describe('the journal check of the demo', () => {
  it('holds when every check of every journal does', async () => {
    const { signer, keys } = await aSigner();
    const changes = [aGoodChange('chg_1')];
    const good = await verifyExport(streamOf(linesOf(changes, aSeal(signer, changes))), keys);
    const cut = await verifyExport(streamOf(linesOf(changes, null)), keys);

    expect(journalCheckOf([good, good])).toMatchObject({
      holds: true,
      text: expect.stringContaining('10 events in 2 sealed journals'),
    });
    expect(journalCheckOf([good, cut]).holds).toBe(false);
    expect(journalCheckOf([]).holds).toBe(false);
  });
});
