import type { KmsSinkSettings } from '../../platform/config/sinks.ts';
import { Secret } from '../../platform/secret.ts';
import type {
  ListedVersion,
  SecretRef,
  SecretsManager,
  SecretsOutcome,
} from '../../sink/secrets-manager.ts';
import {
  type Delivery,
  placeOf,
  type Sink,
  type SinkError,
  type StageOutcome,
} from '../../sink/sink.ts';
import { documentOf } from './document.ts';

const pending = 'ACSPending';
const current = 'ACSCurrent';

/** How many versions a secret keeps; one more drops the earliest. Source: API document PutSecretValue. */
const keptVersions = 10;

/** What a secret holds before any value was proved. CreateSecret makes its first version the current one, whatever it is. */
const beforeFirst = { version: 'none', data: new Secret('{"values":{}}') };

/**
 * Secrets Manager: one secret for each tunnel, created when it is missing. A delivered version is `ACSPending`, a proved one
 * `ACSCurrent`; who reads without naming a stage gets proved values only.
 */
export function createKmsSink(secrets: SecretsManager, settings: KmsSinkSettings): Sink {
  const refOf = (delivery: Delivery): SecretRef => ({
    regionId: settings.regionId ?? delivery.regionId,
    name: placeOf(delivery),
  });
  return {
    async deliver(delivery, values) {
      const ref = refOf(delivery);
      const version = { version: delivery.version, data: documentOf(delivery, values) };
      const put = await putPending(secrets, ref, version, settings);
      if (put.kind === 'ok') return { kind: 'delivered' };
      if (put.kind === 'exists')
        return failed('VersionConflict', 'The version holds other values.');
      return failureOf(put);
    },
    async promote({ version, ...place }) {
      const ref = refOf({ version, ...place });
      const found = await findVersion(secrets, ref, version);
      if (found.kind === 'failed') return found;
      if (found.kind === 'missing') return failed('NotDelivered', 'The version is not in KMS.');
      return promoteVersion(secrets, ref, found.value);
    },
    async withdraw({ version, ...place }) {
      const ref = refOf({ version, ...place });
      const found = await findVersion(secrets, ref, version);
      if (found.kind === 'failed') return found;
      if (found.kind === 'missing') return { kind: 'done' };
      if (found.value.stages.includes(current)) {
        return failed('AlreadyCurrent', 'The version was promoted before.');
      }
      if (!found.value.stages.includes(pending)) return { kind: 'done' };
      return stageOutcomeOf(await secrets.removeStage(ref, pending, version));
    },
  };
}

type Found =
  | { kind: 'ok'; value: ListedVersion }
  | { kind: 'missing' }
  | { kind: 'failed'; error: SinkError };

async function findVersion(
  secrets: SecretsManager,
  ref: SecretRef,
  version: string,
): Promise<Found> {
  const listed = await secrets.versions(ref);
  if (listed.kind === 'missing') return listed;
  if (listed.kind !== 'ok') return failureOf(listed);
  const value = listed.value.find(({ id }) => id === version);
  return value ? { kind: 'ok', value } : { kind: 'missing' };
}

async function putPending(
  secrets: SecretsManager,
  ref: SecretRef,
  version: { version: string; data: Secret },
  settings: KmsSinkSettings,
): Promise<SecretsOutcome<null>> {
  const listed = await secrets.versions(ref);
  const versions = listed.kind === 'ok' ? listed.value : [];
  const known = versions.find(({ id }) => id === version.version);
  if (listed.kind === 'missing') {
    // Somebody else may have created it meanwhile: then it is there, which is all that is wanted.
    const made = await secrets.create(ref, {
      ...beforeFirst,
      encryptionKeyId: settings.encryptionKeyId ?? null,
      instanceId: settings.instanceId ?? null,
    });
    if (made.kind !== 'ok' && made.kind !== 'exists') return made;
  } else if (listed.kind !== 'ok') return listed;
  else if (known === undefined) {
    const kept = await keepCurrent(secrets, ref, versions);
    if (kept.kind !== 'ok') return kept;
  }
  const put = await secrets.put(ref, { ...version, stages: [pending] });
  if (put.kind !== 'ok' || known?.stages.length !== 0) return put;
  // PutSecretValue leaves the stages of a version that is there as they are: one that was withdrawn is to be pending again.
  return secrets.moveStage(ref, pending, version.version);
}

/**
 * Deliveries that were never proved push the current version towards the end. Before one more would drop it, its value is
 * stored once more, as the newest and current version.
 */
async function keepCurrent(
  secrets: SecretsManager,
  ref: SecretRef,
  versions: readonly ListedVersion[],
): Promise<SecretsOutcome<null>> {
  const inOrder = versions.toSorted((left, right) => left.createdAt - right.createdAt);
  const leaving = inOrder.slice(0, Math.max(0, versions.length + 1 - keptVersions));
  const proved = leaving.find(({ stages }) => stages.includes(current));
  if (!proved) return { kind: 'ok', value: null };
  const data = await secrets.read(ref, proved.id);
  if (data.kind !== 'ok') return data;
  const copy = { version: nextCopyOf(proved.id), data: data.value, stages: [current] };
  return secrets.put(ref, copy);
}

/** `chg_1` → `chg_1~2` → `chg_1~3`: numbers of versions have 64 characters at most. */
function nextCopyOf(version: string): string {
  const [base = version, copies = '1'] = version.split('~');
  return `${base}~${Number(copies) + 1}`;
}

/** Current first: between the two the version has both stages, and doing it again ends the same. */
async function promoteVersion(
  secrets: SecretsManager,
  ref: SecretRef,
  { id, stages }: ListedVersion,
): Promise<StageOutcome> {
  if (!stages.includes(current)) {
    const moved = stageOutcomeOf(await secrets.moveStage(ref, current, id));
    if (moved.kind === 'failed') return moved;
  }
  if (!stages.includes(pending)) return { kind: 'done' };
  return stageOutcomeOf(await secrets.removeStage(ref, pending, id));
}

function stageOutcomeOf(outcome: SecretsOutcome<null>): StageOutcome {
  return outcome.kind === 'ok' ? { kind: 'done' } : failureOf(outcome);
}

function failureOf(outcome: Exclude<SecretsOutcome<unknown>, { kind: 'ok' }>): {
  kind: 'failed';
  error: SinkError;
} {
  if (outcome.kind === 'failed') return outcome;
  // Whatever was looked for stood there a moment ago.
  return failed('Changed', 'Somebody else changed the secret; it is tried again.', true);
}

function failed(
  code: string,
  message: string,
  isRetryable = false,
): { kind: 'failed'; error: SinkError } {
  return { kind: 'failed', error: { code, message, isRetryable, requestId: null } };
}
