import { MasterKeys } from './data-keys.ts';
import { kmsFault } from './error-table.ts';
import { type SecretVersion, type StoredSecret, stagesOf } from './secrets.ts';

/** How the simulated KMS begins. */
export interface KmsOptions {
  /** Ids of the customer master keys that exist, aliases as `alias/…`. Default {@link KMS_KEY_ID}. */
  readonly keys?: readonly string[];
}

/** The master key of every simulated KMS whose `keys` are not given. */
export const KMS_KEY_ID = 'key-simulator';

/** A version as tests look at it; the value in clear, for a test must know what was delivered. */
export interface SeenVersion {
  readonly id: string;
  readonly data: string;
  readonly stages: readonly string[];
}

/** What stands in KMS, by region; regions come into being when they are named. */
export class KmsAccount {
  readonly keys: MasterKeys;
  readonly #regions = new Map<string, Map<string, StoredSecret>>();
  readonly #failures = new Map<string, { readonly code: string; left: number }>();

  constructor(seed: number, options: KmsOptions) {
    this.keys = new MasterKeys(seed, options.keys ?? [KMS_KEY_ID]);
  }

  /** The secret, if it is there and not about to be deleted. @throws ApiFault with the code that says why not. */
  secret(regionId: string, name: string, now: number): StoredSecret {
    const found = this.find(regionId, name, now);
    if (!found) throw kmsFault('Forbidden.ResourceNotFound');
    if (found.plannedDeleteTime !== null) throw kmsFault('Rejected.ResourceInDeleteWindow');
    return found;
  }

  /** The secret, also while it waits for its deletion; undefined after that. */
  find(regionId: string, name: string, now: number): StoredSecret | undefined {
    const secrets = this.#regions.get(regionId);
    const found = secrets?.get(name);
    const isDue = found?.plannedDeleteTime != null && found.plannedDeleteTime <= now;
    if (isDue) secrets?.delete(name);
    return isDue ? undefined : found;
  }

  add(regionId: string, secret: StoredSecret): void {
    const secrets = this.#regions.get(regionId) ?? new Map<string, StoredSecret>();
    secrets.set(secret.name, secret);
    this.#regions.set(regionId, secrets);
  }

  remove(regionId: string, name: string): void {
    this.#regions.get(regionId)?.delete(name);
  }

  /** The names of a region's secrets, those that wait for deletion among them. */
  names(regionId: string): readonly string[] {
    return [...(this.#regions.get(regionId)?.keys() ?? [])];
  }

  /** The versions of a secret with their stages, in the order in which they were stored; none for an unknown name. */
  versions(regionId: string, name: string): readonly SeenVersion[] {
    const secret = this.#regions.get(regionId)?.get(name);
    if (!secret) return [];
    return secret.versions.map(({ id, data }: SecretVersion) => ({
      id,
      data,
      stages: stagesOf(secret, id),
    }));
  }

  /** Lets the next calls of an action fail with a code before they do anything; `times` 1 unless given. */
  failNext(action: string, code: string, times = 1): void {
    this.#failures.set(action, { code, left: times });
  }

  /** @throws ApiFault when somebody asked for that. */
  checkFailures(action: string): void {
    const failure = this.#failures.get(action);
    if (!failure || failure.left === 0) return;
    failure.left -= 1;
    throw kmsFault(failure.code);
  }
}
