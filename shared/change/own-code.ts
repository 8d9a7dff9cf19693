/**
 * Codes of our own making in a change's `lastError`, beside those of the cloud; docs/errors.md says what each means and what is to be
 * done.
 */
export type OwnCode =
  | 'AlgorithmNotSupported'
  | 'BaseMoved'
  | 'BgpOff'
  | 'Busy'
  | 'BusyTimeout'
  | 'ChangedElsewhere'
  | 'ConnectionLocked'
  | 'CustomerGatewayFixed'
  | 'FieldNotApplicable'
  | 'Internal'
  | 'LocalBgpIpOutside'
  | 'NotAcknowledged'
  | 'NotApplied'
  | 'NotFound'
  | 'NothingApplicable'
  | 'RollbackExpired'
  | 'RollbackNotProved'
  | 'RotatedSince'
  | 'RoutingModeMixed'
  | 'SettleTimeout'
  | 'SinkFailed'
  | 'TunnelCidrMissing'
  | 'TunnelCidrTaken'
  | 'TunnelDown'
  | 'TunnelNamedTwice'
  | 'TunnelNotFound'
  | 'TunnelNotUp'
  | 'TunnelRedundancyLost'
  | 'WindowClosed';
