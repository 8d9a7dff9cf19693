import { type FieldValues, overlay } from '../connection/fields.ts';
import type { StoredIntent } from '../job/record.ts';
import { intentKeyContext } from '../secret/seal-context.ts';
import type { Sealer } from '../secret/sealer.ts';

/** What a plan wants of a connection, its key opened. */
export function wantedFields(
  deps: { sealer: Sealer },
  intent: StoredIntent,
  jobId: string,
): FieldValues {
  if (intent.sealedKey === null) return intent.fields;
  const key = deps.sealer.open(intent.sealedKey, intentKeyContext(jobId, intent.number));
  return overlay(intent.fields, { 'IkeConfig.Psk': key });
}
