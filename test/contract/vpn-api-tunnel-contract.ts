import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSettledState, type VpnConnection } from '../../shared/connection/model.ts';
import { entriesOf, type FieldValues, overlay } from '../../shared/connection/values.ts';
import {
  connectionPart,
  type ModifyRequest,
  type VpnApi,
} from '../../shared/connection/vpn-api.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { keyOf, listAll, readOne, type VpnApiSubject } from './vpn-api-subject.ts';

/** What every implementation of VpnApi does with dual-tunnel connections. */
export function defineVpnApiTunnelContract(
  name: string,
  createSubject: () => Promise<VpnApiSubject>,
): void {
  describe(`VpnApi with two tunnels: ${name}`, () => {
    let subject: VpnApiSubject;
    let api: VpnApi;

    beforeEach(async () => {
      subject = await createSubject();
      api = subject.api;
    });

    afterEach(() => subject.close());

    const kinds = ['pair', 'attachedPair'] as const;

    it.each(kinds)('shows both tunnels of a connection, each with its names: %s', async (kind) => {
      const connection = await readOne(api, subject[kind]);
      const onGateway = kind === 'pair';

      expect(connection).toMatchObject({ tunnelMode: 'dual' });
      expect(isSettledState(connection)).toBe(true);
      expect(connection.tunnels.map(({ role }) => role)).toEqual(
        onGateway ? ['master', 'slave'] : [null, null],
      );
      expect(connection.tunnels.map(({ index }) => index)).toEqual(
        onGateway ? [null, null] : [1, 2],
      );
      for (const { tunnelId, state } of connection.tunnels) {
        expect(state).toBe('active');
        expect(keyOf(connection, tunnelId)).toMatch(/^.{8,}$/);
      }
      expect(keyOf(connection)).toBeNull();
    });

    it.each(kinds)('lists what a read of the connection alone shows: %s', async (kind) => {
      const ref = subject[kind];
      const listed = (await listAll(api, subject.regionId)).find(
        ({ vpnConnectionId }) => vpnConnectionId === ref.vpnConnectionId,
      );
      const own = await readOne(api, ref);

      expect(inspect(listed?.fields)).toBe(inspect(own.fields));
      expect(listed?.tunnels).toEqual(own.tunnels);
    });

    it.each(kinds)('changes one tunnel and leaves the other as it is: %s', async (kind) => {
      const before = await readOne(api, subject[kind]);
      const request = aTunnelChange(before, 1);

      const outcome = await api.modify(request);
      const meanwhile = await readOne(api, subject[kind]);
      await subject.settle();
      const after = await readOne(api, subject[kind]);

      expect(outcome).toMatchObject({ kind: 'accepted' });
      expect(isSettledState(meanwhile)).toBe(false);
      expect(meanwhile.tunnels.map(({ state }) => state)).toEqual(['active', 'updating']);
      expect(keyOf(after, request.part)).toBe('brandNewKey123');
      expect(othersOf(after, request.part)).toEqual(othersOf(before, request.part));
    });

    it.each(kinds)(
      'changes the connection and leaves its tunnels as they are: %s',
      async (kind) => {
        const before = await readOne(api, subject[kind]);
        const { attachType, fields } = before;
        const request: ModifyRequest = {
          ...subject[kind],
          attachType,
          part: connectionPart,
          tunnels: [],
          clientToken: 'token-name',
          fields: overlay(subnetsOf(fields), { Name: 'renamed' }),
        };

        const outcome = await api.modify(request);
        await subject.settle();
        const after = await readOne(api, subject[kind]);

        expect(outcome).toMatchObject({ kind: 'accepted' });
        expect(after.fields.Name).toBe('renamed');
        for (const { tunnelId } of before.tunnels) {
          expect(keyOf(after, tunnelId)).toBe(keyOf(before, tunnelId));
        }
      },
    );

    it.each(kinds)('is busy while another tunnel of it is changed: %s', async (kind) => {
      const before = await readOne(api, subject[kind]);

      await api.modify(aTunnelChange(before, 1));
      const outcome = await api.modify(aTunnelChange(before, 0));

      expect(outcome).toMatchObject({ kind: 'busy' });
    });

    it.each(kinds)('gives the same answer for the same token again: %s', async (kind) => {
      const request = aTunnelChange(await readOne(api, subject[kind]), 1);

      const outcomes = [await api.modify(request), await api.modify(request)];

      expect(outcomes.map((each) => each.kind)).toEqual(['accepted', 'accepted']);
    });

    it('refuses two names that mean different tunnels, and changes neither', async () => {
      const before = await readOne(api, subject.attachedPair);
      const request = aTunnelChange(before, 1);
      const mixedUp = request.tunnels.map((tunnel) => ({ ...tunnel, index: 1 }));

      const outcome = await api.modify({ ...request, tunnels: mixedUp });
      await subject.settle();

      expect(outcome).toMatchObject({ kind: 'refused', error: { class: 'invalid' } });
      expect(keyOf(await readOne(api, subject.attachedPair), request.part)).toBe(
        keyOf(before, request.part),
      );
    });
  });
}

/** Another key for one tunnel, with its whole IKE block, as the port wants it. */
function aTunnelChange(connection: VpnConnection, place: 0 | 1): ModifyRequest {
  const tunnel = connection.tunnels[place];
  if (!tunnel) expect.unreachable('the connection has one tunnel');
  const { regionId, vpnConnectionId, attachType, fields } = connection;
  const { tunnelId, role, index } = tunnel;
  const ike = entriesOf(fields)
    .filter((entry) => entry.tunnel === tunnelId && entry.field.startsWith('IkeConfig.'))
    .map(({ path, value }) => [path, value] as const);
  const wanted = { [`${tunnelId}/IkeConfig.Psk`]: new Secret('brandNewKey123') };
  const subnets = attachType === 'VPNGW' ? {} : subnetsOf(fields);
  return {
    regionId,
    vpnConnectionId,
    attachType,
    part: tunnelId,
    tunnels: [{ tunnelId, role, index }],
    clientToken: `token-${tunnelId}`,
    fields: overlay({ ...subnets, ...Object.fromEntries(ike) }, wanted),
  };
}

function subnetsOf(fields: FieldValues): FieldValues {
  const subnets = entriesOf(fields).filter(({ field }) => field.endsWith('Subnet'));
  return Object.fromEntries(subnets.map(({ path, value }) => [path, value]));
}

/** Everything but the fields of one tunnel, keys as they show. */
function othersOf({ fields }: VpnConnection, tunnelId: string): string[] {
  return entriesOf(fields)
    .filter(({ tunnel }) => tunnel !== tunnelId)
    .map(({ path, value }) => `${path}=${value}`);
}
