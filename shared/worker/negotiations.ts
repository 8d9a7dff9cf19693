import type { ChangeProof, ProofSubject } from '../change/handover.ts';
import type { Established } from '../change/proof.ts';
import type { ChangeRecord } from '../change/record.ts';
import type { StepDeps } from './worker-deps.ts';

/** Lines of a log so long before and after are asked for, since the cloud's clock may be another. */
const slackMs = 120_000;
/** A second of the cloud's clock: its times are whole seconds. */
const secondMs = 1_000;
const mostPages = 5;

/**
 * When the newest SAs of a tunnel were negotiated, by the worker's clock: the cloud's clock is read off the same answer. Null when
 * the log does not tell.
 */
export async function establishedOf(
  { api, clock }: StepDeps,
  {
    change,
    tunnelId,
    proof,
  }: { change: ChangeRecord; tunnelId: string | null; proof: ChangeProof },
): Promise<Established | null> {
  const { regionId, vpnConnectionId } = change;
  const since = Date.parse(proof.sentAt ?? proof.settledAt ?? '');
  const between = { from: since - slackMs, to: clock.now() + slackMs };
  let newest: Established = { ike: null, ipsec: null };
  for (let pageNumber = 1; pageNumber <= mostPages; pageNumber += 1) {
    const query = { regionId, vpnConnectionId, tunnelId, between, pageNumber };
    const outcome = await api.connectionLogs(query);
    if (outcome.kind === 'failed') return null;
    const { answeredAt, isLastPage, ikeEstablishedAt, ipsecEstablishedAt } = outcome.value;
    if (answeredAt === null) return null;
    const aheadMs = answeredAt + secondMs - clock.now();
    newest = {
      ike: later(newest.ike, ikeEstablishedAt, aheadMs),
      ipsec: later(newest.ipsec, ipsecEstablishedAt, aheadMs),
    };
    if (isLastPage) break;
  }
  return newest;
}

/** The later of two times, the second of them by a clock that is so far ahead. */
function later(known: number | null, cloudTime: number | null, aheadMs: number): number | null {
  if (cloudTime === null) return known;
  return Math.max(known ?? Number.NEGATIVE_INFINITY, cloudTime - aheadMs);
}

/** What the cloud says is wrong with tunnels that are down: the first code; null when it says nothing. */
export async function diagnosisOf(
  { api }: StepDeps,
  { regionId, vpnConnectionId }: ChangeRecord,
  down: readonly ProofSubject[],
): Promise<string | null> {
  const tunnelIds = down.flatMap(({ tunnelId }) => tunnelId ?? []);
  const vpnConnectionIds = tunnelIds.length === 0 ? [vpnConnectionId] : [];
  const outcome = await api.diagnose({ regionId, vpnConnectionIds, tunnelIds });
  if (outcome.kind === 'failed') return null;
  return outcome.value.find(({ code }) => code !== null)?.code ?? null;
}
