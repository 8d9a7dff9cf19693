import { describe, expect, it } from 'vitest';
import { checksOf, type Evidence, journalCheckOf } from '../../../local/demo/findings.ts';
import { createFleet } from '../../../local/demo/fleet.ts';
import { type DemoPlan, rotationPlan, upgradePlan } from '../../../local/demo/plans.ts';
import type { Connection } from '../../../local/simulator/shapes.ts';
import { createSimulator, type Simulator } from '../../../local/simulator/simulator.ts';
import { verifyExport } from '../../../shared/journal/verify-export.ts';
import type { ChangeBody } from '../../../shared/progress/change-body.ts';
import { aGoodChange, aSeal, aSigner, linesOf, streamOf } from '../../helpers/factories-journal.ts';

const regionId = 'cn-hangzhou';
const fleet = createFleet('small', 1);
const rotation = rotationPlan(fleet);
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
  verdict: 'proved',
  tunnels: null,
  diff: [],
  lastError: null,
  startedAt: null,
  finishedAt: null,
};

/** The connection with keys that nobody had before. */
function withFreshKeys(connection: Connection, key: () => string): Connection {
  const fresh = <Keyed extends Pick<Connection, 'ike'>>(keyed: Keyed): Keyed => ({
    ...keyed,
    ike: { ...keyed.ike, Psk: key() },
  });
  return connection.tunnels.length === 0
    ? fresh(connection)
    : { ...connection, tunnels: connection.tunnels.map((tunnel) => fresh(tunnel)) };
}

/** What has to be written for a plan: the connection, or its tunnels one after the other. */
function writesOf(plan: DemoPlan, before: Connection, key: () => string): Partial<Connection>[] {
  const after = plan.appliedTo(before, plan.makesKeys ? withFreshKeys(before, key) : before);
  return after.tunnels.length === 0
    ? [after]
    : after.tunnels.map((tunnel) => ({ tunnels: [tunnel] }));
}

/** A cloud in which both plans were carried out as they should be, one change after another, and KMS has the keys. */
function carriedOut(): { simulator: Simulator; now: { at: number }; keys: readonly string[] } {
  const now = { at: 1_000_000 };
  const clock = { now: () => now.at, sleep: () => Promise.resolve() };
  const simulator = createSimulator({ clock, inventory: fleet.inventory });
  const keys: string[] = [];
  const key = (): string => {
    const made = `freshKey${keys.length}`.padEnd(24, 'x');
    keys.push(made);
    keep(simulator, made, now.at);
    return made;
  };
  for (const plan of plans) {
    for (const { id } of plan.connections) {
      const entry = simulator.state.entry(regionId, id);
      const before = simulator.state.connection(regionId, id);
      for (const patch of writesOf(plan, before, key)) {
        simulator.state.accept(entry, {
          requestId: `${now.at}`,
          clientToken: null,
          source: 'api',
          patch,
          settleMs: 10,
          lateMs: 0,
        });
        now.at += 10;
      }
    }
  }
  return { simulator, now, keys };
}

/** Stores a key in the simulated KMS as the current version of a secret. */
function keep({ kms }: Simulator, key: string, at: number): void {
  const data = JSON.stringify({ values: { 'IkeConfig.Psk': key } });
  kms.add(regionId, {
    name: key,
    description: '',
    encryptionKeyId: '',
    createTime: at,
    updateTime: at,
    plannedDeleteTime: null,
    versions: [{ id: '1', data, dataType: 'text', createTime: at }],
    stages: new Map([['ACSCurrent', '1']]),
  });
}

function evidence(overrides: Partial<Evidence> = {}): Evidence {
  return {
    fleet,
    plans,
    simulator: carriedOut().simulator,
    colleague: { names: new Map(), edits: () => 0 },
    changes: [aChange],
    logLines: ['{"message":"job accepted"}'],
    answers: ['{}'],
    ...overrides,
  };
}

function keyOf(connection: Connection | undefined): string {
  return (connection?.tunnels[0] ?? connection)?.ike.Psk ?? '';
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
    ['a key that was made is in the log', { logLines: ['{"x":"freshKey3xxxxxxxxxxxxxxx"}'] }, [8]],
    ['a key of before is in an answer', { answers: [keyOf(fleet.ours[0])] }, [8]],
    ['a change was not proved', { changes: [{ ...aChange, verdict: 'latent' as const }] }, [6]],
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

  it('tell that a rotated key is not the current one in KMS', () => {
    const { simulator, keys } = carriedOut();
    simulator.kms.remove(regionId, keys[4] ?? '');

    expect(broken(evidence({ simulator }))).toEqual([5]);
  });

  it('tell that both tunnels of a pair were down at once', () => {
    const { simulator, now } = carriedOut();
    const pair = fleet.ours.find(({ tunnels }) => tunnels.length > 0);
    for (const { tunnelId } of pair?.tunnels ?? []) {
      simulator.state.setNegotiation(regionId, pair?.id ?? '', 'ike_sa_not_established', tunnelId);
    }
    now.at += 5;

    expect(broken(evidence({ simulator }))).toContain(7);
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
    const pairs = ours.filter(({ tunnels }) => tunnels.length > 0);
    expect(pairs.length).toBeGreaterThanOrEqual(40);
  });

  it('has pairs of tunnels among those whose keys are rotated', () => {
    expect(rotation.connections.some(({ tunnels }) => tunnels.length > 0)).toBe(true);
    expect(rotation.connections.some(({ tunnels }) => tunnels.length === 0)).toBe(true);
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
