import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSettledState } from '../../shared/connection/model.ts';
import { overlay } from '../../shared/connection/values.ts';
import { connectionPart, pageSize, type VpnApi } from '../../shared/connection/vpn-api.ts';
import {
  aRename,
  errorOf,
  keyOf,
  listAll,
  readOne,
  type VpnApiSubject,
} from './vpn-api-subject.ts';

/** What every implementation of VpnApi does. */
export function defineVpnApiContract(
  name: string,
  createSubject: () => Promise<VpnApiSubject>,
): void {
  describe(`VpnApi: ${name}`, () => {
    let subject: VpnApiSubject;
    let api: VpnApi;

    beforeEach(async () => {
      subject = await createSubject();
      api = subject.api;
    });

    afterEach(() => subject.close());

    describe('reads', () => {
      it('list every connection once over full pages', async () => {
        const { regionId, connectionCount } = subject;

        const first = await api.listConnections({ regionId, pageNumber: 1 });
        const all = await listAll(api, regionId);

        expect(first).toMatchObject({ kind: 'ok', value: { total: connectionCount } });
        expect(first.kind === 'ok' && first.value.items).toHaveLength(pageSize);
        expect(new Set(all.map((each) => each.vpnConnectionId)).size).toBe(connectionCount);
      });

      it('list nothing beyond the last page', async () => {
        const outcome = await api.listConnections({ regionId: subject.regionId, pageNumber: 99 });

        expect(outcome).toEqual({
          kind: 'ok',
          value: { items: [], total: subject.connectionCount },
        });
      });

      it('list the connections of one gateway', async () => {
        const { vpnGatewayId } = await readOne(api, subject.first);
        if (vpnGatewayId === null) expect.unreachable('it hangs on no gateway');

        const outcome = await api.listConnections({
          regionId: subject.regionId,
          vpnGatewayId,
          pageNumber: 1,
        });

        if (outcome.kind !== 'ok') expect.unreachable(inspect(outcome));
        const ids = outcome.value.items.map((each) => each.vpnConnectionId);
        expect(ids).toContain(subject.neighbour.vpnConnectionId);
        expect(outcome.value.items.every((each) => each.vpnGatewayId === vpnGatewayId)).toBe(true);
      });

      it('show a connection alike in the list and alone', async () => {
        const all = await listAll(api, subject.regionId);

        for (const ref of [subject.first, subject.attachment]) {
          const listed = all.find((each) => each.vpnConnectionId === ref.vpnConnectionId);
          const alone = await readOne(api, ref);
          if (!listed) expect.unreachable('it is not in the list');
          expect(alone).toMatchObject(listed);
          expect(keyOf(alone)).toBe(keyOf(listed));
          expect(keyOf(alone)).not.toBeNull();
        }
      });

      it('show what the connections hang on, settled', async () => {
        const onGateway = await readOne(api, subject.first);
        const attached = await readOne(api, subject.attachment);

        expect(onGateway).toMatchObject({ attachType: 'VPNGW', tunnelMode: 'single' });
        expect(onGateway.vpnGatewayId).toMatch(/^vpn-/);
        expect(attached).toMatchObject({ attachType: 'CEN', vpnGatewayId: null });
        expect([onGateway, attached].every(isSettledState)).toBe(true);
      });

      it('give null for a connection and a gateway that do not exist', async () => {
        const { regionId } = subject;

        expect(await api.describeConnection({ regionId, vpnConnectionId: 'vco-nowhere' })).toEqual({
          kind: 'ok',
          value: null,
        });
        expect(await api.describeGateway({ regionId, vpnGatewayId: 'vpn-nowhere' })).toEqual({
          kind: 'ok',
          value: null,
        });
      });

      it('list gateways, and only those in a status', async () => {
        const { regionId, gatewayCount } = subject;

        const all = await api.listGateways({ regionId, pageNumber: 1 });
        const updating = await api.listGateways({ regionId, status: 'updating', pageNumber: 1 });

        expect(all).toMatchObject({ kind: 'ok', value: { total: gatewayCount } });
        expect(updating).toEqual({ kind: 'ok', value: { items: [], total: 0 } });
      });

      it('list customer gateways with their addresses', async () => {
        const { regionId } = subject;
        const listed = await api.listCustomerGateways({ regionId, pageNumber: 1 });

        expect(inspect(listed, { depth: 9 })).toMatch(/ipAddress: '\d+(\.\d+){3}'/);
      });

      it('fail with class credentials, and without an echo, for a wrong signature', async () => {
        const outcome = await subject.strangerApi.describeConnection(subject.first);

        expect(outcome).toMatchObject({ kind: 'failed', error: { class: 'credentials' } });
        expect(inspect(outcome, { depth: 9 })).not.toMatch(/%2F|AccessKeyId/);
      });
    });

    describe('modify', () => {
      it.each(['first', 'attachment'] as const)(
        'is accepted for the %s, busy, then visible',
        async (which) => {
          const ref = subject[which];
          const before = await readOne(api, ref);
          const request = await aRename(api, ref);

          const outcome = await api.modify(request);
          await subject.settle();
          const after = await readOne(api, ref);

          expect(outcome).toEqual({ kind: 'accepted', requestId: expect.stringMatching(/^\S+$/) });
          expect(isSettledState(after)).toBe(true);
          expect(keyOf(after)).toBe('brandNewKey123');
          expect({ ...after.fields, 'IkeConfig.Psk': null }).toEqual({
            ...before.fields,
            'IkeConfig.Psk': null,
            Name: 'renamed',
          });
        },
      );

      it('changes blocks as they are asked', async () => {
        const { attachType, fields } = await readOne(api, subject.first);
        const wanted = {
          'IkeConfig.IkeVersion': 'ikev2',
          'IkeConfig.IkeEncAlg': 'aes256',
          'IkeConfig.IkeLifetime': 43_200,
          'IpsecConfig.IpsecPfs': 'group14',
          EffectImmediately: true,
          EnableDpd: false,
        };

        await api.modify({
          ...subject.first,
          attachType,
          part: connectionPart,
          tunnels: [],
          clientToken: 'token-blocks',
          fields: overlay(fields, wanted),
        });
        await subject.settle();

        expect((await readOne(api, subject.first)).fields).toMatchObject(wanted);
      });

      it('is busy while another connection of the gateway changes, and passes afterwards', async () => {
        await api.modify(await aRename(api, subject.first));

        const outcome = await api.modify(await aRename(api, subject.neighbour));
        await subject.settle();
        const again = await api.modify(
          await aRename(api, subject.neighbour, { clientToken: 'token-second-try' }),
        );

        expect(outcome).toMatchObject({ kind: 'busy', error: { class: 'busy' } });
        expect(again).toMatchObject({ kind: 'accepted' });
      });

      it('is not busy because of a change elsewhere', async () => {
        await api.modify(await aRename(api, subject.first));

        expect(await api.modify(await aRename(api, subject.attachment))).toMatchObject({
          kind: 'accepted',
        });
      });

      it('is throttled, changes nothing, and passes with the same token', async () => {
        const request = await aRename(api, subject.throttledOnce);

        const outcome = await api.modify(request);
        const unchanged = await readOne(api, subject.throttledOnce);

        expect(outcome).toMatchObject({ kind: 'throttled', error: { class: 'throttled' } });
        expect(unchanged.fields.Name).not.toBe('renamed');
        expect(await api.modify(request)).toMatchObject({ kind: 'accepted' });
      });

      it('has an unknown fate when the answer is lost, though it was applied', async () => {
        const request = await aRename(api, subject.lostOnce);

        const outcome = await api.modify(request);
        await subject.settle();

        expect(outcome).toMatchObject({ kind: 'unknown', error: { class: 'unknown_fate' } });
        expect((await readOne(api, subject.lostOnce)).fields.Name).toBe('renamed');
        expect(await api.modify(request)).toMatchObject({ kind: 'accepted' });
      });

      it('has an unknown fate after HTTP 500, though nothing was applied', async () => {
        const request = await aRename(api, subject.failedOnce);

        const outcome = await api.modify(request);
        await subject.settle();

        expect(outcome).toMatchObject({ kind: 'unknown', error: { class: 'unknown_fate' } });
        expect((await readOne(api, subject.failedOnce)).fields.Name).not.toBe('renamed');
        expect(await api.modify(request)).toMatchObject({ kind: 'accepted' });
      });

      it('gives the same answer for the same token while the change is in work', async () => {
        const request = await aRename(api, subject.first);

        const outcomes = [await api.modify(request), await api.modify(request)];

        expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
      });

      it('is refused when a token comes back with other values', async () => {
        await api.modify(await aRename(api, subject.first, { clientToken: 'token-twice' }));
        await subject.settle();

        const outcome = await api.modify(
          await aRename(api, subject.first, { clientToken: 'token-twice', name: 'other-name' }),
        );

        expect(outcome).toMatchObject({ kind: 'refused', error: { class: 'invalid' } });
        expect(errorOf(outcome).code).toBe('IdempotentParameterMismatch');
      });

      it('is refused for a connection that does not exist', async () => {
        const request = await aRename(api, subject.first);

        const outcome = await api.modify({ ...request, vpnConnectionId: 'vco-nowhere' });

        expect(outcome).toMatchObject({ kind: 'refused', error: { class: 'not_found' } });
      });

      it('is refused with a sentence of ours and no key in it', async () => {
        const outcome = await api.modify(await aRename(api, subject.refused));

        expect(outcome).toMatchObject({ kind: 'refused' });
        expect(errorOf(outcome).message).toMatch(/^[A-Z].{20,}\.$/);
        expect(inspect(outcome, { depth: 9, showHidden: true })).not.toContain('brandNewKey123');
      });

      it('with a wrong signature shows nothing of the request', async () => {
        const outcome = await subject.strangerApi.modify(await aRename(api, subject.first));

        expect(outcome).toMatchObject({ kind: 'refused', error: { class: 'credentials' } });
        expect(inspect(outcome, { depth: 9, showHidden: true })).not.toMatch(/brandNewKey123|%/);
      });

      it('lets only one of two changes through that arrive together', async () => {
        const requests = [await aRename(api, subject.first), await aRename(api, subject.neighbour)];

        const outcomes = await Promise.all(requests.map((request) => api.modify(request)));

        expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['accepted', 'busy']);
      });
    });
  });
}
