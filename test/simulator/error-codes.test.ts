import { describe, expect, it } from 'vitest';
import { makeConnection } from '../../local/simulator/defaults.ts';
import { errorTable } from '../../local/simulator/error-table.ts';
import {
  attachmentDocument,
  connectionDocument,
  documentedStatuses,
  families,
} from '../helpers/documented-codes.ts';
import { aCloud, aSmallInventory, type Cloud, REGION } from './cloud.ts';

const table = new Map(Object.entries(errorTable));

/** A cloud in which `vco-gateway` is on a VPN gateway and `vco-cen` on a transit router, both with the sentinel. */
function withSentinel(name: string): Cloud {
  const common = { regionId: REGION, customerGatewayId: 'cgw-1', name };
  return aCloud({
    inventory: aSmallInventory(
      makeConnection({ ...common, id: 'vco-on-gateway', vpnGatewayId: 'vpn-2' }),
      makeConnection({ ...common, id: 'vco-on-router', transitRouterId: 'tr-1' }),
    ),
  });
}

describe('the error table (BEHAVIOUR.md "Error codes")', () => {
  it('knows exactly the codes that public texts name', () => {
    expect([...table.keys()].sort()).toEqual([...documentedStatuses.keys()].sort());
  });

  it.each([...connectionDocument, ...attachmentDocument])(
    'answers %d %s in the words of the document',
    (status, code, message) => {
      expect(table.get(code)).toEqual([status, message.replace(' (%s)', '')]);
    },
  );

  it.each([...table])('gives %s a status that no text contradicts, and a message', (code, row) => {
    const [status, message] = row;

    expect([documentedStatuses.get(code) ?? status]).toEqual([status]);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(message).toMatch(/^[A-Z].{10,}/);
  });
});

describe('any code by sentinel (BEHAVIOUR.md "Error codes")', () => {
  const exact = [...table].map(([code, [status]]) => [code, status] as const);
  const byFamily = families.map(([, code]) => [code, familyStatus(code)] as const);

  it.each([...exact, ...byFamily])('%s comes with status %d, for writes', async (code, status) => {
    const { modify, simulator } = withSentinel(`x sim:error=${code}@1`);

    for (const id of ['vco-on-gateway', 'vco-on-router']) {
      const reply = await modify(id);

      expect(reply).toMatchObject({
        status,
        body: { Code: code, Message: expect.any(String), RequestId: expect.any(String) },
      });
      expect((await modify(id)).status).toBe(200);
    }
    expect(simulator.record.refusals(code)).toBe(2);
  });

  it.each([...exact, ...byFamily])('%s comes with status %d, for reads', async (code, status) => {
    const { call } = withSentinel(`x sim:read-error=${code}@1`);
    const read = () => call('DescribeVpnConnection', { VpnConnectionId: 'vco-on-router' });

    expect(await read()).toMatchObject({ status, body: { Code: code } });
    expect((await read()).status).toBe(200);
  });

  it('comes from a tag as well as from a name', async () => {
    const tags = [{ Key: 'sim:error', Value: 'VpnTask.CONFLICT' }];
    const tagged = makeConnection({ regionId: REGION, customerGatewayId: 'cgw-1', id: 'x', tags });
    const { modify } = aCloud({ inventory: aSmallInventory(tagged) });

    expect((await modify('x')).body.Code).toBe('VpnTask.CONFLICT');
  });
});

/** What codes of a family come with, where their example shows it. */
function familyStatus(code: string): number {
  if (code.startsWith('Forbidden.')) return 403;
  return code.endsWith('.NotFound') ? 404 : 400;
}
