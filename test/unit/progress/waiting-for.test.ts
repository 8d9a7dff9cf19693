import { describe, expect, it } from 'vitest';
import {
  type ChangeDelivery,
  type ChangeProof,
  nothingHandedOver,
} from '../../../shared/change/handover.ts';
import type { ChangeView } from '../../../shared/job/job-store.ts';
import type { QueuePlace } from '../../../shared/job/queue-place.ts';
import { waitingForOf } from '../../../shared/progress/waiting-for.ts';
import { aChange } from '../../helpers/factories.ts';

const until = '2026-11-22T12:00:00.000Z';

function handingOver(some: Partial<ChangeDelivery> = {}): Partial<ChangeView> {
  const delivery: ChangeDelivery = {
    part: 'tun-s',
    direction: 'forth',
    stage: 'open',
    deliveredTo: [],
    isAcknowledged: false,
    isApplied: false,
    since: '2026-11-22T10:00:00.000Z',
    acknowledgeUntil: null,
    failures: 0,
    ...some,
  };
  const handover = { ...nothingHandedOver, deliveries: [delivery] };
  return { state: 'delivering', step: 'deliver', handover };
}

function proving(verdict: ChangeView['verdict']): Partial<ChangeView> {
  const proof: ChangeProof = {
    part: 'tun-s',
    direction: 'forth',
    subjects: [],
    phase: 'ike',
    unsettledAt: null,
    settledAt: null,
    lifetimeSeconds: 86_400,
  };
  const handover = { ...nothingHandedOver, proof };
  return { state: 'verifying', step: 'prove', verdict, handover };
}

const freeze = { name: 'audit', reason: 'year-end audit', until };
const sinkError = {
  code: 'SinkFailed',
  class: 'handover',
  message: 'vault cannot be reached (Unreachable)',
  requestId: null,
} as const;

/** What people decide, and what the other side has to do. The rest is in the tests of bodies. */
describe('what a change waits for', () => {
  it.each<[string, Partial<ChangeView>, string]>([
    [
      'the end of a pause, with its reason',
      { pauseReason: 'ticket 4711' },
      'Waits until the job is resumed: ticket 4711.',
    ],
    [
      'the end of a freeze, with its reason',
      { freeze },
      `Waits until ${until}, when freeze audit ends: year-end audit.`,
    ],
    [
      'a pause before a freeze',
      { pauseReason: 'ticket 4711', freeze },
      'Waits until the job is resumed: ticket 4711.',
    ],
    [
      'the delivery of new values',
      handingOver(),
      'Waits until the new values of tun-s are delivered.',
    ],
    [
      'a sink that failed',
      { ...handingOver(), lastError: sinkError },
      'Waits until new values are delivered: vault cannot be reached (Unreachable).',
    ],
    [
      'the other side’s word',
      handingOver({ acknowledgeUntil: until }),
      `Waits until ${until} for somebody to say that the other side has the new values of tun-s.`,
    ],
    [
      'the delivery alone once that was said',
      handingOver({ acknowledgeUntil: until, isAcknowledged: true }),
      'Waits until the new values of tun-s are delivered.',
    ],
    ['a tunnel that is to come up', proving(null), 'Waits until tun-s is up by its new values.'],
    [
      'a tunnel that is still up by its old values',
      proving('latent'),
      'Waits until tun-s is negotiated anew: it is up by what was negotiated before the change.',
    ],
  ])('is %s', (_, overrides, sentence) => {
    expect(waitingForOf(aChange(overrides))).toBe(sentence);
  });
});

describe('when a change begins by settle times so far', () => {
  const settleMs = 40_000;
  const queue = (some: Partial<QueuePlace>): Partial<ChangeView> => ({
    queue: {
      hold: null,
      batch: null,
      connectionAhead: null,
      laneAhead: null,
      slots: null,
      settleMs,
      ...some,
    },
  });
  const ahead = { id: 'chg_2', jobId: 'job_2', others: 2, isHeld: false };
  const batch = { number: 3, of: 3, left: 4, rounds: 4, pauses: false };
  const companion = { id: 'chg_2', jobId: 'job_2', vpnConnectionId: 'vco-b' };
  const up = {
    state: 'active',
    negotiation: 'ipsec_sa_established',
    wasUp: null,
    downSince: null,
    verdict: null,
  };
  const aPair = [1, 2].map((index) => ({ tunnelId: `tun-${index}`, role: null, index, ...up }));
  const ofConnection = { path: 'Name', from: 'a', to: 'b' };
  const ofTunnel = {
    path: 'TunnelOptionsSpecification[tun-1].TunnelIkeConfig.Psk',
    from: null,
    to: '***',
  };
  const hold = { kind: 'approval', required: 1, given: [], until } as const;

  it.each<[string, Partial<ChangeView>, string | null]>([
    ['on its lane, one after the other', queue({ laneAhead: ahead }), 'within 2 min'],
    [
      'on its lane, more than are counted',
      queue({ laneAhead: { ...ahead, others: 99 } }),
      'in 66 min or more',
    ],
    ['on its connection', queue({ connectionAhead: ahead }), 'in 1 min or more'],
    [
      'on its connection, and for others of its lane',
      queue({ connectionAhead: ahead, laneAhead: { ...ahead, others: 6 } }),
      'in 4 min or more',
    ],
    [
      'on its connection, whose lane is busy',
      { ...queue({ connectionAhead: ahead }), laneChange: { id: 'chg_2', jobId: 'job_2' } },
      'in 1 min or more',
    ],
    [
      'on its connection, where somebody has to do something, whose lane is busy',
      {
        ...queue({ connectionAhead: { ...ahead, isHeld: true } }),
        laneChange: { id: 'chg_3', jobId: 'job_2' },
      },
      null,
    ],
    [
      'on its connection, where somebody has to do something',
      queue({ connectionAhead: { ...ahead, isHeld: true } }),
      null,
    ],
    ['in a later batch, as many at once as may be', queue({ batch }), 'in 2 min or more'],
    [
      'in the next batch, of which the last are in flight',
      queue({ batch: { ...batch, rounds: 1 } }),
      null,
    ],
    [
      'in a batch, where sinks or the other side come first',
      queue({ batch: { ...batch, rounds: null } }),
      null,
    ],
    ['in a batch that somebody has to open', queue({ batch: { ...batch, pauses: true } }), null],
    [
      'for a slot, behind others of its job',
      queue({ slots: { inFlight: 5, limit: 5, ahead: 12 } }),
      'within 2 min',
    ],
    [
      'on its lane, each of which needs a slot',
      queue({ laneAhead: ahead, slots: { inFlight: 5, limit: 5, ahead: 12 } }),
      'within 4 min',
    ],
    ['for what backs it up', { ...queue({}), companion }, null],
    ['for approvers', queue({ hold }), null],
    ['for the end of a pause', { ...queue({}), pauseReason: 'ticket 4711' }, null],
    [
      'on its lane, where each has two tunnels',
      { ...queue({ laneAhead: ahead }), tunnels: aPair, diff: [ofTunnel] },
      'within 4 min',
    ],
    [
      'on its lane, where each has two tunnels and something of the connection',
      { ...queue({ laneAhead: ahead }), tunnels: aPair, diff: [ofTunnel, ofConnection] },
      'within 6 min',
    ],
    ['where nothing was measured', queue({ laneAhead: ahead, settleMs: null }), null],
  ])('is told of one that waits %s', (_, view, when) => {
    const sentence = waitingForOf(aChange(view)) ?? '';
    const [, told = null] = / By settle times so far it begins (.+)\.$/.exec(sentence) ?? [];

    expect(told).toBe(when);
  });
});
