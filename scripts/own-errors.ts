import type { OwnCode } from '../shared/change/own-code.ts';
import { cell } from './generated-file.ts';

/** What each code of our own means, and what is to be done. */
const texts: Readonly<Record<OwnCode, { class: string; means: string; remedy: string }>> = {
  AlgorithmNotSupported: {
    class: 'refused',
    means: 'The gateway is an SM one and cannot have the algorithm, or is none and cannot have SM.',
    remedy: 'Plan it without this connection.',
  },
  BaseMoved: {
    class: 'base_moved',
    means: 'Somebody else changed the connection after the plan was accepted. Nothing was written.',
    remedy: 'Look at the difference and submit again.',
  },
  BgpOff: {
    class: 'refused',
    means: 'BGP fields of tunnels can be set while BGP is on.',
    remedy: 'Set `EnableTunnelsBgp` with them.',
  },
  Busy: {
    class: 'busy',
    means:
      'A read shows that somebody else’s change is under way on the gateway or the connection. It is waited for.',
    remedy: 'Nothing.',
  },
  BusyTimeout: {
    class: 'timeout',
    means:
      'The cloud called it busy for half an hour while its reads showed nothing under way. Nothing was written.',
    remedy: 'See *A stuck lane* in the runbook.',
  },
  ChangedElsewhere: {
    class: 'changed_elsewhere',
    means:
      'A field holds neither what was wanted nor what stood before, but something of somebody else. It is left.',
    remedy: 'Find who it was (the console’s operation log), then submit what you want.',
  },
  ConnectionLocked: {
    class: 'locked',
    means:
      'The cloud has locked the connection, or what it hangs on, for the bill or for security.',
    remedy: 'Settle that in the console, then retry.',
  },
  CustomerGatewayFixed: {
    class: 'refused',
    means: 'The connection hangs on nothing: its customer gateway cannot be changed.',
    remedy: 'Attach it first.',
  },
  FieldNotApplicable: {
    class: 'refused',
    means: 'The connection has no such field, for what it hangs on or how many tunnels it has.',
    remedy: 'Leave the field out for this target.',
  },
  Internal: {
    class: 'refused',
    means: 'What is stored cannot be opened or is not what was stored.',
    remedy:
      'Is `SECRETS_KEY` the one that it was sealed with? Look at the connection before you submit again.',
  },
  LocalBgpIpOutside: {
    class: 'refused',
    means: '`LocalBgpIp` would lie outside `TunnelCidr`.',
    remedy: 'Set both so that they fit.',
  },
  NotAcknowledged: {
    class: 'handover',
    means:
      'The other side did not say within `acknowledgeWithin` that it has the new values. Nothing was written; they are withdrawn.',
    remedy: 'Have it install them, then retry.',
  },
  NotApplied: {
    class: 'not_applied',
    means: 'The same request was sent six times and no read shows it.',
    remedy: 'Look at the connection in the console, then retry.',
  },
  NotFound: {
    class: 'not_found',
    means: 'The connection is not in the region.',
    remedy: 'Is it the right region, was it deleted?',
  },
  NothingApplicable: {
    class: 'refused',
    means: 'Nothing of the `set` applies to the connection.',
    remedy: 'Leave the target out.',
  },
  RollbackExpired: {
    class: 'refused',
    means:
      'The key that the change replaced was kept for `handover.keepPreviousFor` after its proof and is erased. Nothing of it was taken back; the other changes of the job were.',
    remedy: 'Set values in a new plan.',
  },
  RollbackNotProved: {
    class: 'tunnel_down',
    means: 'The previous values were restored, and the tunnel did not come up with them either.',
    remedy: 'See what the other side has; the previous values stand in the cloud.',
  },
  RotatedSince: {
    class: 'refused',
    means: 'Its key was rotated within the schedule’s `minAge`. The change is `skipped`.',
    remedy: 'Nothing.',
  },
  RoutingModeMixed: {
    class: 'refused',
    means: 'One of the two subnets would be `0.0.0.0/0` and the other not.',
    remedy: 'Set both.',
  },
  SettleTimeout: {
    class: 'timeout',
    means: 'The cloud did not finish within ten minutes. It may do so yet.',
    remedy: 'See *A stuck lane* in the runbook.',
  },
  SinkFailed: {
    class: 'handover',
    means:
      'A sink refused the new values, or could not be reached for half an hour. The cloud was not touched with them.',
    remedy: 'The message names the sink and its code; mend it, then retry.',
  },
  TunnelCidrMissing: {
    class: 'refused',
    means: 'BGP needs a `TunnelCidr`, and none is set.',
    remedy: 'Name it in the same `set`.',
  },
  TunnelCidrTaken: {
    class: 'refused',
    means: 'Both tunnels would have one `TunnelCidr`.',
    remedy: 'Give each its own.',
  },
  TunnelDown: {
    class: 'tunnel_down',
    means:
      'A tunnel that was changed did not come up again within `verify.timeoutSeconds`. The cloud’s diagnosis stands in the message. The other tunnel was not touched.',
    remedy:
      'Under `rollback` it goes back by itself. Otherwise mend the other side and retry: what stands is proved then.',
  },
  TunnelNamedTwice: {
    class: 'refused',
    means: 'Two entries of the `set` mean the same tunnel.',
    remedy: 'Make one of them.',
  },
  TunnelNotFound: {
    class: 'refused',
    means: 'The connection has no tunnel of that name.',
    remedy: 'The message says which it has.',
  },
  TunnelNotUp: {
    class: 'tunnel_down',
    means: 'A tunnel was changed and is not up again; the change waits for that.',
    remedy: 'Change the other side of that tunnel.',
  },
  TunnelRedundancyLost: {
    class: 'refused, tunnel_down',
    means:
      'Both sides must agree on the change, and nothing would carry the traffic meanwhile: the other tunnel is down, or it is one write for both. Nothing was begun.',
    remedy: 'Bring the other tunnel up, or set `acceptOutage`.',
  },
  WindowClosed: {
    class: 'window_closed',
    means: 'It had not begun when the plan’s window was over. The change is `cancelled`.',
    remedy: 'Submit the rest with another window.',
  },
};

/** The part of docs/errors.md on them. */
export const ownErrorsText = `## Codes of a change that are our own

In the \`lastError\` of a change, where it was not the cloud that answered.

| code | class | meaning | what to do |
| --- | --- | --- | --- |
${Object.entries(texts)
  .map(
    ([code, row]) =>
      `| \`${code}\` | \`${row.class}\` | ${cell(row.means)} | ${cell(row.remedy)} |`,
  )
  .join('\n')}
`;
