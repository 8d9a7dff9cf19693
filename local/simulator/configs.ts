import type { ChangeSemantics } from './actions/context.ts';
import type { Block } from './blocks.ts';
import { HEALTH_CHECK_OFF, IPSEC_DEFAULTS } from './defaults.ts';
import { asnOf } from './rules.ts';
import type { HealthCheckConfig, IkeConfig, IpsecConfig, TunnelBgpConfig } from './shapes.ts';

/*
 * What a block makes of a configuration: the keys it gives, and for the keys it leaves out the documented defaults
 * or, under `updateSemantics: 'merge'`, the present values (BEHAVIOUR.md, section "Values").
 */

/** What an IKE block is laid over. */
export interface IkeBase {
  readonly current: IkeConfig;
  readonly defaults: Omit<IkeConfig, 'Psk'>;
  /** Makes up a key, since a missing one does not stay (all documents say so). */
  readonly newKey: () => string;
}

export function ikeOf(block: Block, semantics: ChangeSemantics, given: IkeBase): IkeConfig {
  const { current, defaults, newKey } = given;
  const base = semantics.updateSemantics === 'merge' ? current : defaults;
  return {
    Psk: block.get('Psk') ?? (semantics.pskBehaviour === 'merge' ? current.Psk : newKey()),
    IkeVersion: block.get('IkeVersion') ?? base.IkeVersion,
    IkeMode: block.get('IkeMode') ?? base.IkeMode,
    IkeEncAlg: block.get('IkeEncAlg') ?? base.IkeEncAlg,
    IkeAuthAlg: block.get('IkeAuthAlg') ?? base.IkeAuthAlg,
    IkePfs: block.get('IkePfs') ?? base.IkePfs,
    IkeLifetime: numberOf(block, 'IkeLifetime', base.IkeLifetime),
    LocalId: block.get('LocalId') ?? base.LocalId,
    RemoteId: block.get('RemoteId') ?? base.RemoteId,
  };
}

export function ipsecOf(
  block: Block,
  { updateSemantics }: ChangeSemantics,
  current: IpsecConfig,
): IpsecConfig {
  const base = updateSemantics === 'merge' ? current : IPSEC_DEFAULTS;
  return {
    IpsecEncAlg: block.get('IpsecEncAlg') ?? base.IpsecEncAlg,
    IpsecAuthAlg: block.get('IpsecAuthAlg') ?? base.IpsecAuthAlg,
    IpsecPfs: block.get('IpsecPfs') ?? base.IpsecPfs,
    IpsecLifetime: numberOf(block, 'IpsecLifetime', base.IpsecLifetime),
  };
}

/** The part of a BGP block that tunnels of a pair and single tunnels have in common. */
export function bgpOf(block: Block, base: TunnelBgpConfig): TunnelBgpConfig {
  return {
    LocalAsn: asnOf(block.get('LocalAsn') ?? '') ?? base.LocalAsn,
    TunnelCidr: block.get('TunnelCidr') ?? base.TunnelCidr,
    LocalBgpIp: block.get('LocalBgpIp') ?? base.LocalBgpIp,
  };
}

export function healthCheckOf(
  block: Block,
  { updateSemantics }: ChangeSemantics,
  current: HealthCheckConfig,
): HealthCheckConfig {
  const base = updateSemantics === 'merge' ? current : HEALTH_CHECK_OFF;
  return {
    Enable: switchOf(block, 'Enable', base.Enable),
    Dip: block.get('Dip') ?? base.Dip,
    Sip: block.get('Sip') ?? base.Sip,
    Interval: numberOf(block, 'Interval', base.Interval),
    Retry: numberOf(block, 'Retry', base.Retry),
    Policy: block.get('Policy') ?? base.Policy,
  };
}

/** A switch that a block spells `true` or `false`. */
export function switchOf(block: Block, key: string, otherwise: boolean): boolean {
  const text = block.get(key);
  return text === undefined ? otherwise : text === 'true';
}

function numberOf(block: Block, key: string, otherwise: number): number {
  const text = block.get(key);
  return text === undefined ? otherwise : Number(text);
}
