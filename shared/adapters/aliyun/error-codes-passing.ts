import { type CodeRow, rowsOf, source } from './error-row.ts';

/** Another operation holds the gateway, the connection or what is under them; nothing was changed. */
export const busyCodes: readonly CodeRow[] = rowsOf('busy', [
  [
    'VpnGateway.Configuring',
    400,
    source.connection,
    'The VPN gateway is carrying out another change; nothing to do, this one waits until it is active.',
  ],
  [
    'VpnConnection.Configuring',
    400,
    source.attachment,
    'The connection is carrying out another change; nothing to do, this one waits until it is settled.',
  ],
  [
    'Appliance.Configuring',
    null,
    source.terraform,
    'The appliance under the connection is being configured; nothing to do, the change waits.',
  ],
  [
    'VpnTask.CONFLICT',
    null,
    source.terraform,
    'Another VPN task runs on the same resource; nothing to do, the change waits.',
  ],
  [
    'TaskConflict',
    null,
    source.terraform,
    'Another task runs on the same resource; nothing to do, the change waits.',
  ],
  [
    'VpnRouteEntry.Configuring',
    null,
    source.terraform,
    'A route of the VPN gateway is being changed; nothing to do, the change waits.',
  ],
  [
    'OperationConflict',
    null,
    source.terraform,
    'Another operation runs on the same resource; nothing to do, the change waits.',
  ],
  [
    'Operation.Blocking',
    null,
    source.terraform,
    'Another operation blocks this one; nothing to do, the change waits.',
  ],
  [
    'OperationFailed.DistibuteLock',
    null,
    source.terraform,
    'Another operation holds the lock of the resource; nothing to do, the change waits.',
  ],
  [
    'OperationFailed.ConcurrentOperation',
    null,
    source.terraform,
    'Another operation runs at the same time; nothing to do, the change waits.',
  ],
  [
    'SystemBusy',
    null,
    source.terraform,
    'The cloud is busy with the resource; nothing to do, the change waits.',
  ],
  [
    'IncorrectStatus*',
    null,
    source.terraform,
    'The resource is in a state that forbids the change; look at it in the console if it stays so.',
  ],
]);

/** Flow control, in all its spellings and with HTTP 400 or 503; nothing was changed. */
export const throttledCodes: readonly CodeRow[] = rowsOf('throttled', [
  [
    'Throttling',
    400,
    source.help,
    'Too many calls in the region; lower WRITES_PER_MINUTE and READS_PER_MINUTE if it keeps coming.',
  ],
  [
    'Throttling.User',
    400,
    source.help,
    'The account makes too many calls; find who else calls if it keeps coming, or lower WRITES_PER_MINUTE and READS_PER_MINUTE.',
  ],
  [
    'Throttling.Api',
    400,
    source.help,
    'Too many calls of this action; lower WRITES_PER_MINUTE or READS_PER_MINUTE if it keeps coming.',
  ],
  [
    'Rejected.Throttling',
    null,
    source.terraform,
    'Too many calls in the region; lower WRITES_PER_MINUTE and READS_PER_MINUTE if it keeps coming.',
  ],
  [
    'Throttling.ConcurrentLimitExceeded',
    null,
    source.terraform,
    'Too many calls at the same time; lower WORKER_CONCURRENCY if it keeps coming.',
  ],
  [
    'Throttling.user',
    null,
    source.terraform,
    'The account makes too many calls; find who else calls if it keeps coming, or lower WRITES_PER_MINUTE and READS_PER_MINUTE.',
  ],
  [
    '*Throttling*',
    null,
    source.terraform,
    'Too many calls of some kind; lower WRITES_PER_MINUTE and READS_PER_MINUTE if it keeps coming.',
  ],
]);

/**
 * What was asked may have been done. A used nonce means that the same request arrived before. The two codes of a token
 * still being processed are here and not with the busy ones, because their request *is* being carried out: it is read
 * back and repeated with the same token, never with a new one.
 */
export const unknownFateCodes: readonly CodeRow[] = rowsOf('unknown_fate', [
  [
    'InternalError',
    500,
    source.help,
    'The cloud failed inside; nothing to do, the connection is read back before anything is repeated.',
  ],
  [
    'UnknownError',
    null,
    source.terraform,
    'The cloud failed without a reason; nothing to do, the connection is read back before anything is repeated.',
  ],
  [
    'ServiceUnavailable',
    503,
    source.help,
    'The cloud is not available; nothing to do, the connection is read back before anything is repeated.',
  ],
  [
    'SignatureNonceUsed',
    400,
    source.help,
    'The cloud has seen this very request before; nothing to do, the connection is read back before anything is repeated.',
  ],
  [
    'LastTokenProcessing',
    null,
    source.terraform,
    'The first request with this token is still being carried out; nothing to do, the connection is read back.',
  ],
  [
    'OperationFailed.LastTokenProcessing',
    null,
    source.terraform,
    'The first request with this token is still being carried out; nothing to do, the connection is read back.',
  ],
]);
