import { describe, expect, it } from 'vitest';
import {
  parseDiagnoses,
  parseNegotiationPage,
} from '../../../../shared/adapters/aliyun/wire-negotiation.ts';

const ike =
  '[PROTO_NOTIFY]: isakmp.c:2997:log_ph1established(): ISAKMP-SA established 1[500]-2[500]';
const ipsec = '[PROTO_NOTIFY]: IPsec-SA established: ESP/Tunnel 1[500]->2[500] spi=1(0x1)';
const at = (time: string): number => Date.parse(`2026-01-02T${time}Z`);

function aPage(Logs: readonly string[], more: object = {}) {
  return parseNegotiationPage(
    { Count: Logs.length, IsCompleted: true, Data: { Logs }, ...more },
    1_000,
  );
}

describe('a page of logs', () => {
  it('tells of the newest SA of each phase, whatever the order, in the time of China', () => {
    const page = aPage([
      `2026-01-02 11:05:00 vco-a ${ike}`,
      `2026-01-02 11:09:00 vco-a ${ipsec}`,
      `2026-01-02 11:07:00 vco-a ${ike}`,
      `2026-01-02 11:05:01 vco-a ${ipsec}`,
      '2026-01-02 12:00:00 vco-a [PROTO_ERR]: phase1 negotiation failed due to time up.',
    ]);

    expect(page).toEqual({
      ikeEstablishedAt: at('03:07:00'),
      ipsecEstablishedAt: at('03:09:00'),
      isComplete: true,
      isLastPage: true,
      answeredAt: 1_000,
    });
  });

  it.each([
    ['2026-01-02 11:05:00 tun-a IKE_SA tun-a[1] established between 1 and 2', true, false],
    ['2026-01-02T11:05:00 CHILD_SA tun-a{2} established with SPIs', false, true],
    ['2026-01-02 11:05:00 vco-a IPsec-SA not established', false, false],
    ['2026-01-02 11:05:00 vco-a ISAKMP-SA deleted', false, false],
    [`later: ${ike}`, false, false],
    [`2026-13-45 11:05:00 vco-a ${ike}`, false, false],
    ['', false, false],
  ])('understands %j', (line, isIke, isIpsec) => {
    const page = aPage([line]);

    expect(page?.ikeEstablishedAt ?? null).toBe(isIke ? at('03:05:00') : null);
    expect(page?.ipsecEstablishedAt ?? null).toBe(isIpsec ? at('03:05:00') : null);
  });

  it('is not the last one when it is full', () => {
    expect(aPage(Array(50).fill(`2026-01-02 11:05:00 ${ike}`))?.isLastPage).toBe(false);
  });

  it.each([
    [false, false],
    ['true', true],
    [undefined, false],
    ['perhaps', false],
  ])('is vouched for only when it says so: %j', (IsCompleted, isComplete) => {
    expect(aPage([], { IsCompleted })?.isComplete).toBe(isComplete);
  });

  it('may lack its list only when it counts nothing', () => {
    expect(parseNegotiationPage({ Count: 0, IsCompleted: true }, null)).toMatchObject({
      ikeEstablishedAt: null,
      answeredAt: null,
    });
    expect(parseNegotiationPage({ Count: 3 }, null)).toBeNull();
    expect(parseNegotiationPage({}, null)).toBeNull();
    expect(parseNegotiationPage({ Data: { Logs: 'none' } }, null)).toBeNull();
  });

  it('keeps nothing of the lines', () => {
    expect(
      JSON.stringify(aPage([`2026-01-02 11:05:00 vco-a psk plantedKey ${ike}`])),
    ).not.toContain('planted');
  });
});

describe('a diagnosis', () => {
  const one = (given: object): unknown =>
    parseDiagnoses({ VpnConnections: [{ VpnConnectionId: 'vco-a', ...given }] })?.[0];

  it('names the tunnel, the code and the time, and nothing else', () => {
    const given = {
      TunnelId: 'tun-a',
      FailedReasonCode: 'Phase1NegotiationTimeout',
      FailedTime: 1_673_581_161_000,
      Severity: 'Warn',
      MismatchLocalParam: 'plantedKey',
      SourceLog: 'plantedKey',
    };

    expect(one(given)).toEqual({
      vpnConnectionId: 'vco-a',
      tunnelId: 'tun-a',
      code: 'Phase1NegotiationTimeout',
      failedAt: 1_673_581_161_000,
    });
  });

  it.each([
    [{ Severity: 'Normal' }, null],
    [{ Severity: 'Normal', FailedReasonCode: '' }, null],
    [{ Severity: 'Critical' }, 'UnknownReason'],
    [{}, 'UnknownReason'],
    [{ FailedReasonCode: 'a sentence with a key' }, 'UnknownReason'],
    [{ FailedReasonCode: 7 }, 'UnknownReason'],
    [{ FailedReasonCode: 'SomethingNew' }, 'SomethingNew'],
  ])('of %j has the code %j', (given, code) => {
    expect(one(given)).toMatchObject({ code, tunnelId: null, failedAt: null });
  });

  it('without an id, or no list, is not understood', () => {
    expect(parseDiagnoses({ VpnConnections: [{ TunnelId: 'tun-a' }] })).toBeNull();
    expect(parseDiagnoses({})).toBeNull();
    expect(parseDiagnoses({ VpnConnections: [] })).toEqual([]);
  });
});
