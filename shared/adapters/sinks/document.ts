import { canonicalJson } from '../../platform/canonical.ts';
import { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import type { DeliveredValues, Delivery } from '../../sink/sink.ts';

/**
 * What a receiver gets of a delivery, as one JSON text: the same text for the same version, however often and whenever it is
 * delivered, so that stores can tell that it is the same.
 */
export function documentOf(
  { since: _, ...delivery }: Delivery,
  values: DeliveredValues | null,
): Secret {
  if (values === null) return new Secret(canonicalJson(delivery));
  const clear = Object.entries(values).map(([name, value]) => [
    name,
    value instanceof Secret ? reveal(value) : value,
  ]);
  return new Secret(canonicalJson({ ...delivery, values: Object.fromEntries(clear) }));
}
