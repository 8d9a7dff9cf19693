import { ApiFault } from '../errors.ts';
import {
  illegal,
  missing,
  type Parameters,
  readPage,
  requiredText,
  slicePage,
  wholeNumber,
} from '../parameters.ts';
import { cloudTimeOf, logText } from '../peers/cloud-time.ts';
import type { Json } from '../shapes.ts';
import { type ActionContext, regionOf } from './context.ts';

/** A closed range of Unix seconds of the cloud's clock. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** API document DescribeVpnConnectionLogs. Of a pair without `TunnelId`, the lines of both tunnels. */
export function describeVpnConnectionLogs(context: ActionContext): Json {
  const { params, state } = context;
  const id = requiredText(params, 'VpnConnectionId');
  const entry = regionOf(context).connections.get(id);
  if (!entry) throw new ApiFault('InvalidVpnConnectionInstanceId.NotFound');
  const page = readPage(params);
  const { from, to } = rangeOf(params, Math.floor(cloudTimeOf(context.now, context) / 1_000));
  const tunnelId = params.get('TunnelId');
  state.settle(entry.lane);
  const sessions = tunnelId
    ? entry.sessions.filter((session) => session.tunnelId === tunnelId)
    : entry.sessions;
  if (sessions.length === 0) throw illegal('TunnelId');
  const skewMs = context.clockSkewMs;
  const lines = sessions
    .flatMap((session) =>
      session.linesBetween(from * 1_000 - skewMs, Math.min(to * 1_000 + 999 - skewMs, context.now)),
    )
    .sort((one, other) => one.at - other.at);
  const shown = slicePage(lines, page).map((line) => logText(line, id, context));
  return { ...page, Count: shown.length, IsCompleted: true, Data: { Logs: shown } };
}

/** `From` needs `To` or `MinutePeriod`, `To` needs one of the others, and without both it is the latest minutes. */
function rangeOf(params: Parameters, now: number): Range {
  const from = wholeNumber(params, 'From', 0, Number.MAX_SAFE_INTEGER);
  const to = wholeNumber(params, 'To', 0, Number.MAX_SAFE_INTEGER);
  if (from !== undefined && to !== undefined) return { from, to };
  const minutes = wholeNumber(params, 'MinutePeriod', 1, 10);
  if (minutes === undefined) throw missing('MinutePeriod');
  const seconds = minutes * 60;
  if (from !== undefined) return { from, to: from + seconds };
  return { from: (to ?? now) - seconds, to: to ?? now };
}
