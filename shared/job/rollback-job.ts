import { z } from 'zod';
import type { ChangeRecord } from '../change/record.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import { entriesOf, type FieldValues, isKeyPath } from '../connection/values.ts';
import { nestFields } from '../plan/nested-fields.ts';
import { AppError } from '../platform/errors.ts';
import { intentKeyContext } from '../secret/seal-context.ts';
import { sealedKeysOf } from '../secret/sealed-keys.ts';
import { answeredBefore, followUpIdempotency } from './follow-up.ts';
import type { JobStore } from './job-store.ts';
import { plannedValues, previousValues } from './opened-values.ts';
import {
  countedRollout,
  type JobRecord,
  type NewJob,
  type RestoredJob,
  type StoredIntent,
} from './record.ts';
import { isFinalJob } from './state.ts';
import { storedSharesOf } from './stored-shares.ts';
import { acceptedJob, type SubmitJobDeps } from './submit-job.ts';

export interface RollbackJobInput {
  jobId: string;
  /** The one change to restore; null for all that succeeded. */
  changeId: string | null;
  /** Null: in the name of whoever submitted the job that is taken back. */
  actor: string | null;
  /** Why, for the journal; null when nobody says. */
  reason: string | null;
  /** 1 to 128 characters; unique for each actor. */
  idempotencyKey: string | null;
  traceparent?: string | null;
}

/** As much of a submitter's parts as it takes. */
export interface RollbackJobDeps extends Pick<SubmitJobDeps, 'sealer' | 'digestKey' | 'ids'> {
  jobs: Pick<JobStore, 'restorable' | 'accept' | 'acceptedBefore' | 'get'>;
}

type RestoredChange = RestoredJob['changes'][number];

/**
 * Submits a job that restores what the succeeded changes of an ended one replaced, in reverse order: an ordinary job whose wishes
 * are the values of before, each with what has to stand for it to be taken back. It needs no approval and keeps no window, since
 * who goes back is in a hurry and what stood before was agreed to. Changes whose keys of before are kept no longer end `failed` there,
 * and the others are restored. The same key again finds the same job, whatever has become of the old one, and so does asking without
 * one until that job has ended. Raises `not_found`, `conflict` while the job has not ended or when there is nothing to restore,
 * `rollback_expired` when no change can be restored any more, and `idempotency_key_reused`.
 */
export async function rollbackJob(
  deps: RollbackJobDeps,
  input: RollbackJobInput,
): Promise<{ kind: 'created' | 'repeated'; job: JobRecord }> {
  const restored = await deps.jobs.restorable(input.jobId, input.changeId);
  if (restored === null) throw new AppError('not_found', 'there is no such job');
  const digestKey = await deps.digestKey();
  const createdBy = input.actor ?? restored.createdBy;
  const idempotency = followUpIdempotency(digestKey, restored, {
    verb: 'rollback',
    what: input.changeId ?? restored.id,
    key: input.idempotencyKey,
  });
  const refusal = refusalOf(restored, input);
  if (refusal !== null) return answeredBefore(deps, { createdBy, idempotency }, refusal);
  const job = rollbackOf(deps, restored, { ...input, actor: createdBy }, digestKey);
  return acceptedJob(deps, await deps.jobs.accept({ ...job, idempotency }));
}

function refusalOf(
  { state, changes }: RestoredJob,
  { changeId }: Pick<RollbackJobInput, 'changeId'>,
): AppError | null {
  // A single change is taken back as soon as it turns out to be wrong, whatever the rest of its job does.
  if (changeId === null && !isFinalJob(state)) {
    return new AppError('conflict', `the job is ${state}; cancel it, or wait until it has ended`);
  }
  if (changes.length === 0) {
    return new AppError('conflict', 'no change of the job succeeded and replaced something');
  }
  if (!changes.every(isExpired)) return null;
  return new AppError(
    'rollback_expired',
    'the keys that its changes replaced are kept no longer; set values in a new plan',
  );
}

/** Whether keys that a change replaced were known and are erased. */
function isExpired(change: RestoredChange): boolean {
  return erasedKeysOf(change).length > 0;
}

/** The places of keys that a change replaced and that are kept no longer. */
function erasedKeysOf({ handover, sealedPreviousKeys }: RestoredChange): readonly string[] {
  const replaced = Object.keys(handover.previous ?? {}).filter(isKeyPath);
  return replaced.filter((path) => sealedPreviousKeys[path] === undefined);
}

type Deps = Pick<RollbackJobDeps, 'sealer' | 'ids'>;

function rollbackOf(
  deps: Deps,
  restored: RestoredJob,
  { reason, actor, traceparent = null }: RollbackJobInput & { actor: string },
  digestKey: Buffer,
): Omit<NewJob, 'idempotency'> {
  const id = deps.ids.job();
  const changes = restored.changes.toReversed();
  const wishes = changes.map((change, number) =>
    wishOf(deps, restored, { change, jobId: id, number, digestKey }),
  );
  const { settings } = restored;
  const { maxInFlight, maxErrors, batches } = countedRollout(
    storedSharesOf(restored.plan),
    changes.length,
  );
  return {
    id,
    title: titleOf(restored.title),
    createdBy: actor,
    plan: planOf(restored, changes, wishes),
    failurePolicy: { onFailure: restored.onFailure, maxErrors },
    maxInFlight,
    settings: {
      ...settings,
      rollout: { ...settings.rollout, batches },
      window: { notBefore: null, notAfter: null },
      approvalsRequired: 0,
    },
    intents: wishes.map(({ intent }) => intent),
    changes: changes.map(({ regionId, vpnConnectionId }, seq) => {
      return { id: deps.ids.change(), seq, regionId, vpnConnectionId, intentNumber: seq };
    }),
    selection: null,
    schedule: null,
    retryOf: null,
    rollbackOf: { jobId: restored.id, actor, reason },
    traceparent,
  };
}

interface RestoringWish {
  intent: StoredIntent;
  /** The values that come back, keys opened. */
  values: FieldValues;
}

/** What takes one change back: the values of before where its own stand. */
function wishOf(
  { sealer }: Deps,
  { intents }: RestoredJob,
  of: { change: RestoredChange; jobId: string; number: number; digestKey: Buffer },
): RestoringWish {
  const { change, jobId, number, digestKey } = of;
  const intent = intents.find(({ number: known }) => known === change.intentNumber);
  if (intent === undefined) throw new AppError('internal', `${change.id} has no wish`);
  const values = previousValues({ sealer }, change);
  const set = maskFields(plannedValues({ sealer }, { change, intent }), digestKey);
  const entries = entriesOf(values);
  const masked = maskFields(values, digestKey);
  const expected = entries.flatMap(({ path }) => {
    const value = set[path];
    return value === undefined ? [] : [[path, value] as const];
  });
  // A key that stands, with none to take its place, says that the change cannot be taken back any more.
  const forGood = erasedKeysOf(change).map((path) => [path, set[path] ?? 'erased'] as const);
  const clear = entries.filter(({ path }) => !isKeyPath(path));
  const keys = entries.flatMap(({ path }) =>
    isKeyPath(path) ? [[path, String(masked[path])] as const] : [],
  );
  return {
    values,
    intent: {
      number,
      fields: Object.fromEntries(clear.map(({ path, value }) => [path, value])),
      sealedKeys: sealedKeysOf(sealer, values, (path) => intentKeyContext(jobId, number, path)),
      keyDigests: Object.fromEntries(keys),
      rotatePsk: null,
      acceptOutage: intent.acceptOutage,
      tunnelProof: proofOf(change, intent),
      expected: Object.fromEntries([...expected, ...forGood]) satisfies MaskedValues,
    },
  };
}

/** Where all tunnels are known to have been up before the change, they have to be up again, though they may be down now, because of it. */
function proofOf(
  { tunnels, handover: { proof } }: ChangeRecord,
  { tunnelProof }: StoredIntent,
): StoredIntent['tunnelProof'] {
  if (tunnelProof !== 'if-up-before') return tunnelProof;
  const subjects = tunnels.length > 0 ? tunnels : (proof?.subjects ?? []);
  const wereUp = subjects.length > 0 && subjects.every(({ wasUp }) => wasUp === true);
  return wereUp ? 'required' : tunnelProof;
}

const longestTitle = 200;

function titleOf(title: string): string {
  // Half of a character that takes two code units is none.
  return `Rollback of ${title}`.slice(0, longestTitle).replace(/[\uD800-\uDBFF]$/, '');
}

const PlanOfBefore = z.looseObject({});

/** The plan as it may be shown: that of before, with the values of before for each of its targets. */
function planOf(
  { plan, title }: RestoredJob,
  changes: readonly ChangeRecord[],
  wishes: readonly RestoringWish[],
): unknown {
  const { set: _, rotatePsk: __, window: ___, approval: ____, ...rest } = PlanOfBefore.parse(plan);
  const shown = wishes.map(({ values }) =>
    Object.fromEntries(
      entriesOf(values).map(({ path, value }) => [path, isKeyPath(path) ? String(value) : value]),
    ),
  );
  return {
    ...rest,
    title: titleOf(title),
    targets: changes.map(({ regionId, vpnConnectionId }, index) => {
      return { regionId, vpnConnectionId, set: nestFields(shown[index] ?? {}) };
    }),
  };
}
