import { invalid } from '../parameters.ts';
import { kmsFault } from './error-table.ts';

/** Stages that the system gives; each secret has its current version, and after a change its previous one. */
export const CURRENT = 'ACSCurrent';
const PREVIOUS = 'ACSPrevious';

/** How many versions a secret keeps (API document PutSecretValue). */
const MAX_VERSIONS = 10;

/** How many stages all versions of a secret have together (API document UpdateSecretVersionStage). */
const MAX_STAGES = 8;

/** One stored value; never changed. */
export interface SecretVersion {
  readonly id: string;
  readonly data: string;
  readonly dataType: string;
  /** Unix milliseconds. */
  readonly createTime: number;
}

/** A generic secret. */
export interface StoredSecret {
  readonly name: string;
  readonly description: string;
  readonly encryptionKeyId: string;
  /** Unix milliseconds. */
  readonly createTime: number;
  updateTime: number;
  /** Unix milliseconds; null unless it is going to be deleted. */
  plannedDeleteTime: number | null;
  /** In the order in which they were stored. */
  versions: readonly SecretVersion[];
  /** Where each stage is; a stage marks one version at most. */
  readonly stages: Map<string, string>;
}

/** The stages of a version, in the order in which they came to the secret. */
export function stagesOf(secret: StoredSecret, versionId: string): readonly string[] {
  return [...secret.stages].flatMap(([stage, marked]) => (marked === versionId ? [stage] : []));
}

/** @throws ApiFault `Forbidden.ResourceNotFound`. */
export function versionOf(secret: StoredSecret, versionId: string): SecretVersion {
  const found = secret.versions.find(({ id }) => id === versionId);
  if (found) return found;
  throw kmsFault('Forbidden.ResourceNotFound');
}

/**
 * Stores a version with its stages. The same number and value again change nothing; the earliest version goes when there
 * are too many, whatever stages it has.
 * @throws ApiFault `Rejected.ResourceExist` for the same number with another value, `Rejected.LimitExceeded`.
 */
export function putVersion(
  secret: StoredSecret,
  version: SecretVersion,
  stages: readonly string[],
): void {
  const known = secret.versions.find(({ id }) => id === version.id);
  if (known) {
    if (known.data === version.data && known.dataType === version.dataType) return;
    throw kmsFault('Rejected.ResourceExist');
  }
  checkStageCount(secret, stages);
  const all = [...secret.versions, version];
  for (const stage of stages) moveStage(secret, stage, version.id);
  secret.versions = all.slice(-MAX_VERSIONS);
  for (const { id } of all.slice(0, -MAX_VERSIONS)) dropStages(secret, id);
  secret.updateTime = version.createTime;
}

/** What UpdateSecretVersionStage asks for; empty texts are absent ones. */
export interface StageUpdate {
  readonly stage: string;
  readonly removeFrom: string;
  readonly moveTo: string;
}

/**
 * Adds, removes or moves a stage.
 * @throws ApiFault `InvalidParameter` for what is not allowed, `Forbidden.ResourceNotFound` for an unknown version.
 */
export function updateStage(
  secret: StoredSecret,
  { stage, removeFrom, moveTo }: StageUpdate,
): void {
  const isSystems = stage === CURRENT || stage === PREVIOUS;
  if (moveTo === '' && (removeFrom === '' || isSystems)) throw invalid('MoveToVersion');
  if (removeFrom !== '' && secret.stages.get(stage) !== versionOf(secret, removeFrom).id) {
    throw invalid('RemoveFromVersion');
  }
  if (moveTo === '') {
    secret.stages.delete(stage);
    return;
  }
  checkStageCount(secret, [stage]);
  moveStage(secret, stage, versionOf(secret, moveTo).id);
}

function checkStageCount(secret: StoredSecret, added: readonly string[]): void {
  const all = new Set([...secret.stages.keys(), ...added]);
  if (all.size > MAX_STAGES) throw kmsFault('Rejected.LimitExceeded');
}

function moveStage({ stages }: StoredSecret, stage: string, versionId: string): void {
  const before = stages.get(stage);
  if (before === versionId) return;
  stages.set(stage, versionId);
  if (stage === CURRENT && before !== undefined) stages.set(PREVIOUS, before);
}

function dropStages({ stages }: StoredSecret, versionId: string): void {
  for (const [stage, marked] of stages) if (marked === versionId) stages.delete(stage);
}
