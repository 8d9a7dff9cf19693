import { describe, expect, it } from 'vitest';
import {
  clientTokenFor,
  composeRequest,
  fieldsToSend,
  requestDigestOf,
} from '../../../shared/change/request.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';
import { connectionPart } from '../../../shared/connection/vpn-api.ts';
import { Secret } from '../../../shared/platform/secret.ts';

const key = new Secret('a-key-of-sixteen');
const base: FieldValues = {
  Name: 'branch',
  LocalSubnet: '10.0.0.0/8',
  RemoteSubnet: '192.168.0.0/16',
  EnableDpd: true,
  'IkeConfig.Psk': key,
  'IkeConfig.IkeEncAlg': 'aes',
  'IpsecConfig.IpsecEncAlg': 'aes',
  'IpsecConfig.IpsecPfs': 'group2',
  'HealthCheckConfig.enable': false,
};
/** What is sent to a single-tunnel connection. */
function sentFor(wanted: FieldValues, from = base): FieldValues {
  const share = { part: connectionPart, wanted, tunnels: [] };
  return fieldsToSend(from, share, { attachType: 'VPNGW', isDual: false });
}

const needed = ['LocalSubnet', 'RemoteSubnet', 'IkeConfig.Psk', 'IkeConfig.IkeEncAlg'];

describe('fieldsToSend', () => {
  it.each<[string, FieldValues, string[]]>([
    [
      'both subnets and the whole IKE block, whatever is wanted',
      { Name: 'b' },
      ['Name', ...needed],
    ],
    [
      'a block whole when any of it is wanted',
      { 'IpsecConfig.IpsecPfs': 'group14' },
      [...needed, 'IpsecConfig.IpsecEncAlg', 'IpsecConfig.IpsecPfs'],
    ],
    [
      'a write-only field when it is wanted',
      { AutoConfigRoute: true },
      [...needed, 'AutoConfigRoute'],
    ],
    [
      'a field that the connection did not have',
      { RemoteCaCertificate: 'pem' },
      [...needed, 'RemoteCaCertificate'],
    ],
  ])('sends %s', (_, wanted, paths) => {
    expect(Object.keys(sentFor(wanted)).sort()).toEqual([...paths].sort());
  });

  it('sends what is wanted, and for the rest what stands', () => {
    const sent = sentFor({ 'IkeConfig.IkeEncAlg': 'aes256' });

    expect(sent).toMatchObject({ 'IkeConfig.IkeEncAlg': 'aes256', 'IkeConfig.Psk': key });
  });

  it('never sends a write-only field that is not wanted', () => {
    const sent = sentFor({ EnableDpd: false }, { ...base, AutoConfigRoute: false });

    expect(sent).not.toHaveProperty('AutoConfigRoute');
  });
});

describe('requestDigestOf', () => {
  const hmacKey = Buffer.alloc(32, 1);
  const request = {
    regionId: 'cn-hangzhou',
    vpnConnectionId: 'vco-1',
    attachType: 'VPNGW',
    part: connectionPart,
    tunnels: [],
    fields: { Name: 'b', 'IkeConfig.Psk': key },
  } as const;
  const digest = requestDigestOf(request, hmacKey);

  it('is the same for the same request, in whatever order its fields come', () => {
    const fields = { 'IkeConfig.Psk': new Secret('a-key-of-sixteen'), Name: 'b' };

    expect(requestDigestOf({ ...request, fields }, hmacKey)).toBe(digest);
  });

  it.each([
    ['region', { ...request, regionId: 'cn-beijing' }],
    ['connection', { ...request, vpnConnectionId: 'vco-2' }],
    ['attach type', { ...request, attachType: 'CEN' as const }],
    ['field', { ...request, fields: { ...request.fields, Name: 'c' } }],
    [
      'key',
      {
        ...request,
        fields: { ...request.fields, 'IkeConfig.Psk': new Secret('another-key-here') },
      },
    ],
  ])('differs with another %s', (_, other) => {
    expect(requestDigestOf(other, hmacKey)).not.toBe(digest);
  });

  it('differs under another key of ours', () => {
    expect(requestDigestOf(request, Buffer.alloc(32, 2))).not.toBe(digest);
  });
});

describe('clientTokenFor', () => {
  const intent = { changeId: 'chg_1', requestDigest: 'digest', refusals: 0 };

  it('is the same after a crash, and fits the cloud', () => {
    expect(clientTokenFor({ ...intent })).toBe(clientTokenFor(intent));
    expect(clientTokenFor(intent)).toMatch(/^[\x21-\x7e]{1,64}$/);
  });

  it.each([
    ['change', { ...intent, changeId: 'chg_2' }],
    ['request', { ...intent, requestDigest: 'other' }],
    ['number of refusals', { ...intent, refusals: 1 }],
  ])('differs with another %s', (_, other) => {
    expect(clientTokenFor(other)).not.toBe(clientTokenFor(intent));
  });
});

describe('composeRequest', () => {
  it('carries the connection, the fields and the token, and nothing else', () => {
    const ref = {
      regionId: 'r',
      vpnConnectionId: 'vco-1',
      attachType: 'CEN',
      part: connectionPart,
      tunnels: [],
      id: 'chg_1',
    } as const;

    expect(composeRequest(ref, { Name: 'b' }, 'token')).toEqual({
      regionId: 'r',
      vpnConnectionId: 'vco-1',
      attachType: 'CEN',
      part: 'connection',
      tunnels: [],
      clientToken: 'token',
      fields: { Name: 'b' },
    });
  });
});
