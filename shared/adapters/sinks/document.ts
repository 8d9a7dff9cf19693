import { canonicalJson } from '../../platform/canonical.ts';
import { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import type { DeliveredValues, Delivery } from '../../sink/sink.ts';

/**
 * What a receiver gets of a delivery, as one JSON text: the same text for the same version, so that stores can tell that
 * it is the same.
 */
export function documentOf(delivery: Delivery, values: DeliveredValues): Secret {
  const clear = Object.entries(values).map(([name, value]) => [
    name,
    value instanceof Secret ? reveal(value) : value,
  ]);
  return new Secret(canonicalJson({ ...delivery, values: Object.fromEntries(clear) }));
}
