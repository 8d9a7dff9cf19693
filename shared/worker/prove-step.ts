import { differencesOf } from '../change/diff.ts';
import {
  type ChangeProof,
  type ProofSubject,
  type Verdict,
  worstVerdict,
} from '../change/handover.ts';
import { judgeSubject, verdictOf } from '../change/proof.ts';
import type { ChangeError, ChangeRecord, JournalEvent } from '../change/record.ts';
import { fingerprintOf, maskFields, notOursAlone } from '../connection/mask.ts';
import { isUp, type VpnConnection } from '../connection/model.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { AppError } from '../platform/errors.ts';
import { lookFor, thisTick } from './look.ts';
import { diagnosisOf, establishedOf } from './negotiations.ts';
import { pauseAfter, pauseWhileLatent } from './patience.ts';
import { promoteDelivery } from './settle-deliveries.ts';
import {
  advance,
  end,
  endBack,
  fail,
  onTick,
  ownError,
  preceded,
  readAtOf,
  storedError,
} from './step-results.ts';
import { isGoingBack, rememberTunnels, wholeChange } from './stored-change.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/**
 * Looks whether the other side has what a part brought: by a negotiation that is newer than the change. Afterwards the change goes
 * on with its next part, ends, or is taken for failed. Neither lane nor slot is held meanwhile.
 */
export async function proveStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  const { change } = assignment;
  const proof = startedProofOf(change);
  if (verdictOf(proof) === 'proved') return afterProof(deps, assignment, 'proved');
  const seen = await lookAtProof(deps, held, assignment);
  if (seen.kind === 'wait') return seen.result;
  if (seen.kind === 'gone') {
    const message = 'the connection was deleted while its tunnels were to be proved';
    return fail(change, ownError('not_found', 'NotFound', message));
  }
  const { judged, connection, readAt } = seen;
  const verdict = verdictOf(judged);
  const after = withJudged(change, judged, connection);
  const isNew = verdict !== null && verdict !== verdictOf(proof);
  if (verdict === 'refuted') return refute(deps, assignment, after, judged);
  if (isNew) {
    const told = { part: judged.part, direction: judged.direction, verdict, readAt };
    return advance(after, {}, { kind: 'verdict', data: told }, { kind: 'keep' });
  }
  if (verdict === 'latent' && !isMoreToCome(deps, assignment)) {
    return afterProof(deps, { ...assignment, change: after }, 'latent');
  }
  const afterwards = { kind: 'release', ...pauseOf(deps, judged, verdict) } as const;
  const isSame = JSON.stringify(judged.subjects) === JSON.stringify(proof.subjects);
  if (isSame) return { change: null, events: [], afterwards };
  return advance(after, {}, null, afterwards);
}

/** The proof that the change waits for. */
export function startedProofOf({ id, handover: { proof } }: ChangeRecord): ChangeProof {
  if (proof !== null && proof.settledAt !== null) return proof;
  throw new AppError('internal', `${id} is to be proved, and nothing says what`);
}

/** What a look at a tunnel that is to be proved came to. */
export type ProofSight =
  | { kind: 'wait'; result: StepResult }
  /** The connection was deleted. */
  | { kind: 'gone'; readAt: string }
  | { kind: 'judged'; judged: ChangeProof; connection: VpnConnection; readAt: string };

/** Looks at the connection and, where that does not tell, at the logs of the tunnels that are up. */
export async function lookAtProof(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<ProofSight> {
  const { change, terms } = assignment;
  const proof = startedProofOf(change);
  const notBefore = thisTick(deps);
  const sight = await lookFor(deps, held, assignment, { awaitsGateway: false, notBefore });
  const { pollIntervalMs } = deps.settings;
  if (sight.kind !== 'seen') {
    const error = sight.kind === 'failed' ? sight.error : null;
    const due = onTick(deps, error?.retryInMs ?? pollIntervalMs);
    const afterwards = { kind: 'release', ...due } as const;
    if (error === null) return { kind: 'wait', result: { change: null, events: [], afterwards } };
    const lastError = storedError(error);
    return { kind: 'wait', result: advance(change, { lastError }, null, afterwards) };
  }
  const { connection } = sight;
  const readAt = readAtOf(deps, sight.readAt);
  if (connection === null) return { kind: 'gone', readAt };
  const timeoutMs = terms.verifyTimeoutSeconds * 1_000;
  const subjects = await Promise.all(
    proof.subjects.map((subject) =>
      judgeOne(deps, { change, proof, connection, timeoutMs }, subject),
    ),
  );
  return { kind: 'judged', judged: { ...proof, subjects }, connection, readAt };
}

async function judgeOne(
  deps: StepDeps,
  the: {
    change: ChangeRecord;
    proof: ChangeProof;
    connection: VpnConnection;
    timeoutMs: number;
  },
  subject: ProofSubject,
): Promise<ProofSubject> {
  const { change, proof, connection, timeoutMs } = the;
  if (subject.verdict === 'proved') return subject;
  const { tunnelId } = subject;
  const tunnel = connection.tunnels.find((each) => each.tunnelId === tunnelId);
  const up = isUp(tunnel ?? connection);
  const needsLog = up && subject.downSince === null;
  const log = needsLog ? await establishedOf(deps, { change, subject, proof }) : null;
  const sight = { isUp: up, seenAt: deps.clock.now(), established: log?.established ?? null };
  const { logReadTo } = log ?? subject;
  return judgeSubject({ ...subject, logReadTo }, sight, proof, timeoutMs);
}

/** The change with what the tunnels show; what it comes to on the way back says nothing of the plan's values. */
export function withJudged(
  change: ChangeRecord,
  judged: ChangeProof,
  connection: VpnConnection,
): ChangeRecord {
  const handover = { ...change.handover, proof: judged };
  const tunnels = rememberTunnels(connection.tunnels, change.tunnels);
  if (isGoingBack(change)) return { ...change, handover, tunnels };
  const judgedTunnels = tunnels.map((tunnel) => {
    const subject = judged.subjects.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
    return subject ? { ...tunnel, verdict: subject.verdict } : tunnel;
  });
  const verdicts =
    tunnels.length === 0 ? [verdictOf(judged)] : judgedTunnels.map(({ verdict }) => verdict);
  return { ...change, handover, tunnels: judgedTunnels, verdict: worstVerdict(verdicts) };
}

function pauseOf(
  deps: StepDeps,
  { settledAt }: ChangeProof,
  verdict: Verdict | null,
): ReturnType<typeof onTick> {
  const { pollIntervalMs } = deps.settings;
  const ageMs = deps.clock.now() - Date.parse(settledAt ?? '');
  const pause = verdict === 'latent' ? pauseWhileLatent : pauseAfter;
  return onTick(deps, Math.max(1, pause(ageMs, pollIntervalMs)));
}

/** Whether another part is to be written once this one is proved. */
function isMoreToCome(deps: StepDeps, assignment: Assignment): boolean {
  const { wanted, base } = wholeChange(deps, assignment);
  return differencesOf(base, maskFields(wanted, deps.digestKey)).length > 0;
}

/** Goes on with the next part, or ends the change. What was proved becomes the current version wherever there are versions. */
async function afterProof(
  deps: StepDeps,
  assignment: Assignment,
  verdict: 'proved' | 'latent',
): Promise<StepResult> {
  const { change } = assignment;
  const proof = startedProofOf(change);
  const isProved = verdict === 'proved';
  const { handover, events } = isProved
    ? await promoteDelivery(deps, change, proof)
    : { handover: change.handover, events: [] };
  const after = { ...change, handover };
  const result = isMoreToCome(deps, assignment)
    ? advance(after, { state: 'verifying', step: 'read' }, null, { kind: 'wait', dueInMs: 0 })
    : finish(after, proof);
  return { ...result, events: [...events, ...result.events] };
}

function finish(change: ChangeRecord, { settledAt }: ChangeProof): StepResult {
  const seen = { readBack: 'applied', readAt: settledAt ?? '' } as const;
  // What stands is all ours unless somebody was seen to change something else meanwhile.
  const isOurs = change.lastError?.class !== 'changed_elsewhere' && change.base !== null;
  const resultFingerprint = isOurs && change.base ? fingerprintOf(change.base) : notOursAlone;
  if (isGoingBack(change)) return endBack({ ...change, resultFingerprint }, seen);
  const lastError = isOurs ? null : change.lastError;
  return end(change, 'succeeded', { patch: { resultFingerprint, lastError }, seen });
}

async function refute(
  deps: StepDeps,
  assignment: Assignment,
  change: ChangeRecord,
  judged: ChangeProof,
): Promise<StepResult> {
  const { error, event } = await refutationOf(deps, { ...assignment, change }, judged);
  return preceded(fail(change, error), event);
}

/** Why a change that was to be proved is refuted, with the cloud's diagnosis, and what to tell of it. */
export async function refutationOf(
  deps: StepDeps,
  { change, terms }: Assignment,
  judged: ChangeProof,
): Promise<{ error: ChangeError; event: JournalEvent }> {
  const down = judged.subjects.filter(({ verdict }) => verdict === 'refuted');
  const code = await diagnosisOf(deps, change, down);
  const names = down.map(({ tunnelId }) => tunnelId ?? 'the tunnel').join(' and ');
  const why = code === null ? '' : `; the cloud's diagnosis is ${code}`;
  const isBack = isGoingBack(change);
  const what = isBack ? 'the previous values were restored' : 'it was changed';
  const message = `${names} did not come up within ${terms.verifyTimeoutSeconds} s after ${what}${why}`;
  const error = ownError('tunnel_down', isBack ? 'RollbackNotProved' : 'TunnelDown', message);
  const data = { part: judged.part, direction: judged.direction, verdict: 'refuted', code };
  return { error, event: { kind: 'verdict', data } };
}
