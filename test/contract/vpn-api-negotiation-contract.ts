import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionRef } from '../../shared/connection/model.ts';
import type {
  Diagnosis,
  NegotiationPage,
  NegotiationQuery,
} from '../../shared/connection/negotiation.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import { readOne, type VpnApiSubject } from './vpn-api-subject.ts';

const nothing = { ikeEstablishedAt: null, ipsecEstablishedAt: null };

/** What every implementation of VpnApi tells of negotiations. */
export function defineVpnApiNegotiationContract(
  name: string,
  createSubject: () => Promise<VpnApiSubject>,
): void {
  describe(`VpnApi on negotiations: ${name}`, () => {
    let subject: VpnApiSubject;
    let api: VpnApi;

    beforeEach(async () => {
      subject = await createSubject();
      api = subject.api;
    });

    afterEach(() => subject.close());

    async function logsOf(
      ref: ConnectionRef,
      more: Partial<NegotiationQuery> = {},
    ): Promise<NegotiationPage> {
      const query = { ...ref, tunnelId: null, between: null, pageNumber: 1, ...more };
      const outcome = await api.connectionLogs(query);
      if (outcome.kind !== 'ok') expect.unreachable(inspect(outcome));
      return outcome.value;
    }

    async function diagnose(ids: {
      vpnConnectionIds?: readonly string[];
      tunnelIds?: readonly string[];
    }): Promise<readonly Diagnosis[]> {
      const { regionId } = subject;
      const query = { regionId, vpnConnectionIds: [], tunnelIds: [], ...ids };
      const outcome = await api.diagnose(query);
      if (outcome.kind !== 'ok') expect.unreachable(inspect(outcome));
      return outcome.value;
    }

    /** The cloud's clock, to a second. */
    function cloudTime(at: number): number {
      return Math.floor((at + subject.clockSkewMs) / 1_000) * 1_000;
    }

    it('shows a new negotiation, and the time, by the clock of the cloud', async () => {
      const before = await logsOf(subject.first);
      const at = subject.now();
      await subject.reset(subject.first, null);
      const end = subject.now();

      const page = await logsOf(subject.first);

      expect(before).toMatchObject(nothing);
      expect(page).toMatchObject({ isComplete: true, isLastPage: true });
      expect(page.ikeEstablishedAt).toBeGreaterThanOrEqual(cloudTime(at));
      expect(page.ikeEstablishedAt).toBeLessThanOrEqual(cloudTime(end));
      expect(page.ipsecEstablishedAt).toBe(page.ikeEstablishedAt);
      expect(page.answeredAt).toBeGreaterThanOrEqual(cloudTime(end));
    });

    it('keeps the tunnels of a pair apart', async () => {
      const { tunnels } = await readOne(api, subject.pair);
      const [first, second] = tunnels.map(({ tunnelId }) => tunnelId);
      await subject.reset(subject.pair, second ?? '');

      const pages = [
        await logsOf(subject.pair, { tunnelId: first ?? '' }),
        await logsOf(subject.pair, { tunnelId: second ?? '' }),
      ];

      expect(pages[0]).toMatchObject(nothing);
      expect(pages[1]?.ikeEstablishedAt).toEqual(expect.any(Number));
    });

    it('looks at the time it is asked for, and at pages behind the last', async () => {
      await subject.reset(subject.first, null);
      const { ikeEstablishedAt: at } = await logsOf(subject.first);
      if (at === null) expect.unreachable('nothing was negotiated');
      const seen = async (from: number, to: number): Promise<boolean> =>
        (await logsOf(subject.first, { between: { from, to } })).ikeEstablishedAt === at;

      expect([
        await seen(at, at),
        await seen(at - 5_000, at + 5_000),
        await seen(at + 1_000, at + 60_000),
        await seen(at - 60_000, at - 1_000),
      ]).toEqual([true, true, false, false]);
      expect(await logsOf(subject.first, { pageNumber: 2 })).toMatchObject(nothing);
    });

    it('names what is wrong with a tunnel, and of one that is well nothing', async () => {
      const { tunnels } = await readOne(api, subject.pair);
      const tunnelIds = tunnels.map(({ tunnelId }) => tunnelId);
      await subject.misfit(subject.pair, tunnelIds[1] ?? '');
      await subject.misfit(subject.first, null);

      const { vpnConnectionId } = subject.first;
      const found = await diagnose({ tunnelIds, vpnConnectionIds: [vpnConnectionId] });
      const wrong = found.filter(({ code }) => code !== null);

      expect(wrong).toEqual([
        {
          vpnConnectionId,
          tunnelId: null,
          code: 'DhGroupMismatch',
          failedAt: expect.any(Number),
        },
        {
          vpnConnectionId: subject.pair.vpnConnectionId,
          tunnelId: tunnelIds[1],
          code: 'DhGroupMismatch',
          failedAt: expect.any(Number),
        },
      ]);
      expect(
        (await readOne(api, subject.pair)).tunnels.map(({ negotiation }) => negotiation),
      ).toEqual(['ipsec_sa_established', 'ike_sa_not_established']);
      expect((await logsOf(subject.first)).ikeEstablishedAt).toBeNull();
    });

    it('fails for a connection that is not there, and with a wrong signature', async () => {
      const query = { ...subject.first, tunnelId: null, between: null, pageNumber: 1 };
      const { regionId } = subject;

      expect(await api.connectionLogs({ ...query, vpnConnectionId: 'vco-nowhere' })).toMatchObject({
        kind: 'failed',
        error: { class: 'not_found' },
      });
      expect(await subject.strangerApi.connectionLogs(query)).toMatchObject({
        kind: 'failed',
        error: { class: 'credentials' },
      });
      expect(await api.diagnose({ regionId, vpnConnectionIds: [], tunnelIds: [] })).toMatchObject({
        kind: 'failed',
        error: { class: 'invalid' },
      });
    });
  });
}
