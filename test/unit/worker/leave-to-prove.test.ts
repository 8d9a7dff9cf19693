import { describe, expect, it } from 'vitest';
import { nothingHandedOver } from '../../../shared/change/handover.ts';
import { withUnsettled } from '../../../shared/worker/leave-to-prove.ts';

const sentAt = '2026-11-24T10:00:00.000Z';
const at = (seconds: number): string =>
  new Date(Date.parse(sentAt) + seconds * 1_000).toISOString();
const subject = {
  tunnelId: 'tun-1',
  wasUp: true,
  downSince: null,
  logReadTo: null,
  verdict: null,
};
const proof = {
  part: 'tun-1',
  direction: 'forth',
  subjects: [subject],
  phase: 'ike',
  unsettledAt: null,
  settledAt: null,
  lifetimeSeconds: 86_400,
} as const;
const change = { handover: { ...nothingHandedOver, proof }, part: 'tun-1', sentAt };

describe('a look that shows the cloud at work', () => {
  it.each([
    ['is remembered, less what logs leave open', 9, 7],
    ['counts from the sending on, at the least', 1, 0],
  ])('%s', (_, seen, remembered) => {
    expect(withUnsettled(change, at(seen))?.proof?.unsettledAt).toBe(at(remembered));
  });

  it('does not take back what a later one showed', () => {
    const handover = withUnsettled(change, at(9)) ?? change.handover;

    expect(withUnsettled({ ...change, handover }, at(8))).toBeNull();
    expect(withUnsettled({ ...change, handover }, at(12))?.proof?.unsettledAt).toBe(at(10));
  });

  it.each([
    ['another part', { ...change, part: 'tun-2' }],
    ['nothing that is to be proved', { ...change, handover: nothingHandedOver }],
    [
      'no tunnel that has to show anything',
      { ...change, handover: { ...change.handover, proof: { ...proof, subjects: [] } } },
    ],
  ])('says nothing of %s', (_, other) => {
    expect(withUnsettled(other, at(9))).toBeNull();
  });
});
