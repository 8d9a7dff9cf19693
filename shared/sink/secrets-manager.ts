import type { Secret } from '../platform/secret.ts';
import type { SinkError } from './sink.ts';

/** Names a secret where it is kept. */
export interface SecretRef {
  regionId: string;
  name: string;
}

/** A version as lists show it, without its value. */
export interface ListedVersion {
  id: string;
  /** Milliseconds since the Unix epoch, whole seconds. */
  createdAt: number;
  stages: readonly string[];
}

/** What a call came to. Missing: there is no such secret or version. Exists: the name or number is taken. */
export type SecretsOutcome<Value> =
  | { kind: 'ok'; value: Value }
  | { kind: 'missing' }
  | { kind: 'exists' }
  | { kind: 'failed'; error: SinkError };

/**
 * A store of versioned secrets whose versions are marked with stages, as KMS Secrets Manager is: a number is written once,
 * a stage marks one version, ten versions are kept and the earliest goes first. Raises nothing of its own.
 */
export interface SecretsManager {
  /** A new secret; its first version becomes the current one. */
  create(
    secret: SecretRef,
    first: {
      version: string;
      data: Secret;
      encryptionKeyId: string | null;
      instanceId: string | null;
    },
  ): Promise<SecretsOutcome<null>>;
  /** A new version with exactly these stages; the same number with the same data is taken and changes nothing. */
  put(
    secret: SecretRef,
    version: { version: string; data: Secret; stages: readonly string[] },
  ): Promise<SecretsOutcome<null>>;
  /** The data of a version. */
  read(secret: SecretRef, version: string): Promise<SecretsOutcome<Secret>>;
  /** Every version that is kept, those without stages too. */
  versions(secret: SecretRef): Promise<SecretsOutcome<readonly ListedVersion[]>>;
  /** Lets a stage mark this version and no other. */
  moveStage(secret: SecretRef, stage: string, toVersion: string): Promise<SecretsOutcome<null>>;
  /** Takes a stage from a version that has it. */
  removeStage(secret: SecretRef, stage: string, fromVersion: string): Promise<SecretsOutcome<null>>;
}
