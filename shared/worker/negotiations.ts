import type { ChangeProof, ProofSubject } from '../change/handover.ts';
import type { Established } from '../change/proof.ts';
import type { ChangeRecord } from '../change/record.ts';
import type { StepDeps } from './worker-deps.ts';

/** Lines of a log so long before and after are asked for, since the cloud's clock may be another and lines may come late. */
const slackMs = 120_000;
/** A second of the cloud's clock: its times are whole seconds. */
const secondMs = 1_000;
/** A time of which the log has more pages than this is read in shorter pieces, down to the shortest. */
const mostPages = 20;
const shortestMs = 2 * slackMs;
/** Nobody writes so many lines in the shortest time. */
const pagesAtAll = 200;

/** What a tunnel's log says. */
export interface LogSight {
  established: Established;
  /** From when on the next look reads it, as a `ProofSubject` remembers it. */
  logReadTo: string | null;
}

/** What it takes to read a log. */
export interface LogDeps {
  api: Pick<StepDeps['api'], 'connectionLogs'>;
  clock: Pick<StepDeps['clock'], 'now'>;
}

/** Whose log is read, and for what. */
interface LogOf {
  change: Pick<ChangeRecord, 'regionId' | 'vpnConnectionId'>;
  subject: ProofSubject;
  proof: ChangeProof;
}

/** Some time of a log, as it was read. */
interface Piece {
  established: Established;
  pages: number;
  /** When the cloud answered first, by its own clock. */
  answeredAt: number;
  /** Whether all of its pages were read. */
  isWhole: boolean;
  isVouchedFor: boolean;
}

const nothing: Established = { ike: null, ipsec: null };

/**
 * When the newest SAs of a tunnel were negotiated since the cloud may have had the new values, by the worker's clock: the cloud's
 * clock is read off the same answers. No line of a busy log is missed: it is read piece by piece to its end, and the next look reads
 * on from where this one has come to.
 */
export async function establishedOf(deps: LogDeps, of: LogOf): Promise<LogSight> {
  const { unsettledAt, settledAt } = of.proof;
  const now = deps.clock.now();
  const end = now + slackMs;
  let { logReadTo } = of.subject;
  let from = Date.parse(logReadTo ?? unsettledAt ?? settledAt ?? '') - slackMs;
  let lengthMs = end - from;
  let established = nothing;
  let isVouchedFor = true;
  while (from < end) {
    const to = Math.min(end, from + lengthMs);
    const piece = await readPiece(deps, of, { from, to });
    if (piece === null) break;
    established = newerOf(established, piece.established);
    if (!piece.isWhole && lengthMs > shortestMs) {
      lengthMs = Math.max(shortestMs, lengthMs / 2);
      continue;
    }
    isVouchedFor &&= piece.isVouchedFor;
    const isBusy = logReadTo !== null || piece.pages > 1;
    // By the cloud's clock, which its log goes by: ours may be far ahead.
    const readTo = Math.min(now, to, piece.answeredAt);
    if (isVouchedFor && isBusy) logReadTo = new Date(readTo).toISOString();
    from = to;
  }
  return { established, logReadTo };
}

/** Reads the lines between two times, page by page; null where the cloud does not answer. */
async function readPiece(
  { api, clock }: LogDeps,
  { change, subject }: LogOf,
  between: { from: number; to: number },
): Promise<Piece | null> {
  const { regionId, vpnConnectionId } = change;
  const { tunnelId } = subject;
  const most = between.to - between.from > shortestMs ? mostPages : pagesAtAll;
  let established = nothing;
  let firstAnswerAt: number | null = null;
  for (let pageNumber = 1; ; pageNumber += 1) {
    const query = { regionId, vpnConnectionId, tunnelId, between, pageNumber };
    const outcome = await api.connectionLogs(query);
    if (outcome.kind === 'failed' || outcome.value.answeredAt === null) return null;
    const { answeredAt, isLastPage, isComplete, ...newest } = outcome.value;
    firstAnswerAt ??= answeredAt;
    const aheadMs = answeredAt + secondMs - clock.now();
    established = newerOf(established, {
      ike: byOurs(newest.ikeEstablishedAt, aheadMs),
      ipsec: byOurs(newest.ipsecEstablishedAt, aheadMs),
    });
    if (isLastPage || pageNumber === most) {
      const read = {
        established,
        pages: pageNumber,
        answeredAt: firstAnswerAt,
        isWhole: isLastPage,
      };
      return { ...read, isVouchedFor: isLastPage && isComplete };
    }
  }
}

/** A time of the cloud's clock, which is so far ahead, by ours. */
function byOurs(cloudTime: number | null, aheadMs: number): number | null {
  return cloudTime === null ? null : cloudTime - aheadMs;
}

function newerOf(one: Established, other: Established): Established {
  return { ike: later(one.ike, other.ike), ipsec: later(one.ipsec, other.ipsec) };
}

function later(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
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
