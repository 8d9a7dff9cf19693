import { z } from 'zod';
import type { Diagnosis, NegotiationPage } from '../../connection/negotiation.ts';
import { pageSize } from '../../connection/vpn-api.ts';

/*
 * What the cloud tells of negotiations. Log lines and mismatching values may quote what is configured: nothing of them is
 * kept but a time and a code.
 */

const LogsAnswer = z.object({
  Data: z.object({ Logs: z.array(z.string()).nullish() }).nullish(),
  Count: z.coerce.number().int().min(0).optional().catch(undefined),
  IsCompleted: z.union([z.boolean(), z.stringbool()]).catch(false),
});

/** Source: DiagnoseVpnConnections, the example of `SourceLog` (11:39:21) beside its `FailedTime` (03:39:21 UTC). */
const logZone = '+08:00';
const stamp = /^\s*\[?(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})/;

/**
 * How daemons say that an SA was made: racoon's words, by whose function the documents' one line was written, and
 * strongSwan's. Sources: ipsec-tools, `log_ph1established`, `pk_recvupdate`; strongSwan, `ike_sa`, `child_create`.
 */
const ikeEstablished = /\b(ISAKMP-SA|IKE_SA)\b(?!.*\bnot established\b).*\bestablished\b/;
const ipsecEstablished = /\b(IPsec-SA|CHILD_SA)\b(?!.*\bnot established\b).*\bestablished\b/;

/** The body of DescribeVpnConnectionLogs; null when it cannot be understood. `answeredAt` comes from the transport. */
export function parseNegotiationPage(
  body: unknown,
  answeredAt: number | null,
): NegotiationPage | null {
  const parsed = LogsAnswer.safeParse(body);
  if (!parsed.success) return null;
  const { Data, Count, IsCompleted } = parsed.data;
  const lines = Data?.Logs ?? [];
  // A list that is left out is empty only when the answer counts nothing: a short one would hide the newest line.
  if (!Data?.Logs && Count !== 0) return null;
  return {
    ikeEstablishedAt: newest(lines.filter((line) => ikeEstablished.test(line))),
    ipsecEstablishedAt: newest(lines.filter((line) => ipsecEstablished.test(line))),
    isComplete: IsCompleted,
    isLastPage: lines.length < pageSize,
    answeredAt,
  };
}

function newest(lines: readonly string[]): number | null {
  const times = lines.flatMap((line) => timeOf(line) ?? []);
  return times.length === 0 ? null : Math.max(...times);
}

function timeOf(line: string): number | null {
  const [, day, time] = stamp.exec(line) ?? [];
  const at = Date.parse(`${day}T${time}${logZone}`);
  return Number.isNaN(at) ? null : at;
}

const Code = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);

const DiagnosisAnswer = z.object({
  VpnConnectionId: z.string().min(1),
  TunnelId: z.string().nullish(),
  FailedReasonCode: z.unknown().optional(),
  FailedTime: z.coerce.number().int().positive().nullable().catch(null),
  Severity: z.string().nullish().catch(null),
});

const DiagnosesAnswer = z.object({ VpnConnections: z.array(DiagnosisAnswer) });

/** The body of DiagnoseVpnConnections; null when it, or any diagnosis in it, cannot be understood. */
export function parseDiagnoses(body: unknown): readonly Diagnosis[] | null {
  const parsed = DiagnosesAnswer.safeParse(body);
  if (!parsed.success) return null;
  return parsed.data.VpnConnections.map((each) => ({
    vpnConnectionId: each.VpnConnectionId,
    tunnelId: each.TunnelId || null,
    code: codeOf(each.FailedReasonCode, each.Severity ?? null),
    failedAt: each.FailedTime,
  }));
}

/** Without a code, only what is said to be normal is. Source: DiagnoseVpnConnections, `Severity`. */
function codeOf(given: unknown, severity: string | null): string | null {
  if (given === undefined || given === null || given === '') {
    return severity === 'Normal' ? null : 'UnknownReason';
  }
  return Code.safeParse(given).data ?? 'UnknownReason';
}
