import { describe, expect, it } from 'vitest';
import { makeConnection } from '../../../local/simulator/defaults.ts';
import {
  changedSide,
  cloudSideOf,
  ikeFailure,
  ipsecFailure,
  type SideChange,
} from '../../../local/simulator/peers/side.ts';

const connection = makeConnection({ regionId: 'r', id: 'vco-a', customerGatewayId: 'cgw-1' });
const cloud = cloudSideOf(connection, null);

describe('two sides (BEHAVIOUR.md "Negotiation")', () => {
  it.each<[string, SideChange, string, string, string]>([
    ['keys', { ike: { Psk: 'other' } }, 'PeerMismatch', '', ''],
    ['versions', { ike: { IkeVersion: 'ikev2' } }, 'PeerMismatch', 'ikev1', 'ikev2'],
    ['modes', { ike: { IkeMode: 'aggressive' } }, 'PeerMismatch', 'main', 'aggressive'],
    ['ids', { ike: { RemoteId: 'site.b' } }, 'PeerMismatch', '139.196.32.167', 'site.b'],
    ['ciphers', { ike: { IkeEncAlg: 'aes256' } }, 'AlgorithmMismatch', 'aes', 'aes256'],
    ['hashes', { ike: { IkeAuthAlg: 'md5' } }, 'AuthenticationAlgorithmMismatch', 'sha1', 'md5'],
    ['groups', { ike: { IkePfs: 'group14' } }, 'DhGroupMismatch', 'group2', 'group14'],
    [
      'several of them',
      { ike: { IkeAuthAlg: 'md5', IkePfs: 'group14' } },
      'AlgorithmMismatch',
      'sha1,group2',
      'md5,group14',
    ],
  ])('make no IKE SA with different %s', (_what, change, code, local, remote) => {
    const peer = changedSide(cloud, change);

    expect(ikeFailure(cloud, peer)).toEqual({ phase: 1, code, local, remote });
    expect(ipsecFailure(cloud, peer)).toBeNull();
  });

  it.each<[string, SideChange, string]>([
    ['ciphers', { ipsec: { IpsecEncAlg: 'aes256' } }, 'EncryptionAlgorithmMismatch'],
    ['hashes', { ipsec: { IpsecAuthAlg: 'md5' } }, 'AuthenticationAlgorithmMismatch'],
    ['groups', { ipsec: { IpsecPfs: 'disabled' } }, 'DhGroupMismatch'],
  ])('make an IKE SA, but no IPsec SA, with different %s for it', (_what, change, code) => {
    const peer = changedSide(cloud, change);

    expect(ikeFailure(cloud, peer)).toBeNull();
    expect(ipsecFailure(cloud, peer)).toMatchObject({ phase: 2, code });
  });

  it('agree with different lifetimes, and with different modes of IKEv2', () => {
    const ikev2 = changedSide(cloud, { ike: { IkeVersion: 'ikev2' } });
    const lifetimes = { ike: { IkeLifetime: 60 }, ipsec: { IpsecLifetime: 60 } };

    expect(ikeFailure(cloud, changedSide(cloud, lifetimes))).toBeNull();
    expect(ipsecFailure(cloud, changedSide(cloud, lifetimes))).toBeNull();
    expect(ikeFailure(ikev2, changedSide(ikev2, { ike: { IkeMode: 'aggressive' } }))).toBeNull();
  });
});
