import type { Fault } from '../platform/errors.ts';
import { pointerOf } from '../platform/http/faults.ts';
import { isNested } from './nested-fields.ts';

/*
 * What a plan can say and the engine cannot do yet. Whoever finishes a feature takes its line out of `notYet`: plans may say it
 * then, and defaults that rest on it hold.
 */

type Feature = 'rotation' | 'batches' | 'slowStart' | 'window' | 'approval' | 'redundancy';

const notYet: Readonly<Partial<Record<Feature, string>>> = {
  redundancy: 'redundancy groups are',
};

/** Whether the engine does this already. */
export function isThere(feature: Feature): boolean {
  return notYet[feature] === undefined;
}

/** Where a plan, as it is written, asks for a feature. */
const uses: Readonly<Record<Feature, (plan: unknown) => readonly (readonly PropertyKey[])[]>> = {
  rotation: (plan) => [
    ...given(plan, ['rotatePsk']),
    ...targetsOf(plan).flatMap((target, place) =>
      valueAt(target, ['rotatePsk']) === undefined ? [] : [['targets', place, 'rotatePsk']],
    ),
    ...given(plan, ['handover']),
    ...(valueAt(plan, ['verify']) !== undefined && valueAt(plan, ['verify', 'tunnel']) !== 'none'
      ? [['verify', 'tunnel']]
      : []),
    ...(valueAt(plan, ['onFailure']) === 'rollback' ? [['onFailure']] : []),
  ],
  batches: (plan) => [
    ...given(plan, ['rollout', 'batches'], '["100%"]'),
    ...given(plan, ['rollout', 'batchPause'], '"none"'),
  ],
  slowStart: (plan) => given(plan, ['rollout', 'slowStart'], 'false'),
  window: (plan) => given(plan, ['window']),
  approval: (plan) => given(plan, ['approval', 'required'], '0'),
  redundancy: (plan) => given(plan, ['rollout', 'redundancy'], '"none"'),
};

/** A fault for each place at which a plan, as it is written, asks for what is not there. */
export function notYetFaults(plan: unknown): readonly Fault[] {
  return Object.entries(uses).flatMap(([feature, placesIn]) => {
    const message = new Map(Object.entries(notYet)).get(feature);
    if (message === undefined) return [];
    return placesIn(plan).map((place) => ({
      path: pointerOf(place),
      message: `${message} not available in this version; leave it out`,
    }));
  });
}

/** The place, when something stands there that is not the JSON text which means "off". */
function given(
  plan: unknown,
  place: readonly PropertyKey[],
  off?: string,
): readonly (readonly PropertyKey[])[] {
  const value = valueAt(plan, place);
  return value === undefined || JSON.stringify(value) === off ? [] : [place];
}

function targetsOf(plan: unknown): readonly unknown[] {
  const targets = valueAt(plan, ['targets']);
  return Array.isArray(targets) ? targets : [];
}

function valueAt(plan: unknown, place: readonly PropertyKey[]): unknown {
  let value = plan;
  for (const key of place) {
    if (!isNested(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[String(key)];
  }
  return value;
}
