import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { aPlan, planContext } from '../../helpers/factories.ts';

/** Everything that a refused plan's caller is told, as one text. */
function toldOf(input: unknown): string {
  try {
    parsePlan(input, planContext);
  } catch (error) {
    if (error instanceof AppError) return JSON.stringify([error.message, error.faults]);
    throw error;
  }
  return '';
}

describe('the sender of a bad plan', () => {
  it('never hears a value back, wherever it put it', () => {
    const secret = 'C4naryC4naryC4nary';
    const wrongPlaces = [
      '/title',
      '/targets',
      '/targets/0',
      '/targets/0/regionId',
      '/targets/0/set',
      '/set',
      '/set/Psk',
      '/set/IkeConfig',
      '/set/IkeConfig/psk',
      '/set/IkeConfig/IkeVersion',
      '/set/IkeConfig/IkeLifetime',
      '/set/BgpConfig/LocalAsn',
      '/set/LocalSubnet',
      '/rotatePsk',
      '/onFailure',
      '/rollout/concurrency',
      '/approval/required',
      '/verify',
    ];
    for (const place of wrongPlaces) {
      for (const value of [secret, [secret], { [place]: secret }, `${secret} ${secret}`]) {
        expect(toldOf(withValueAt(place, value))).not.toContain(secret);
      }
    }
  });
});

function withValueAt(pointer: string, value: unknown): unknown {
  const plan: Record<string, unknown> = structuredClone(aPlan());
  const parts = pointer.slice(1).split('/');
  const last = parts.pop() ?? '';
  let place: Record<string, unknown> = plan;
  for (const part of parts) {
    place[part] ??= {};
    place = Object(place[part]);
  }
  place[last] = value;
  return plan;
}
