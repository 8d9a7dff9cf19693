import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { parsePlanText } from '../../../shared/plan/plan-text.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { aPlan, planContext } from '../../helpers/factories.ts';

function faultsOf(text: string) {
  try {
    parsePlanText(text, planContext);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_plan') return error.faults;
    throw error;
  }
  throw new Error('the text was taken');
}

describe('parsePlanText', () => {
  it('reads YAML', () => {
    const plan = parsePlanText(
      `
title: stronger algorithms
targets:
  - { regionId: cn-hangzhou, vpnConnectionId: vco-00000 }
  - { regionId: cn-hangzhou, vpnConnectionId: vco-00001 }
set:
  IkeConfig: { IkeEncAlg: aes256 }
`,
      planContext,
    );

    expect(plan).toEqual(parsePlan(aPlan(), planContext));
  });

  it('reads JSON as well', () => {
    expect(parsePlanText(JSON.stringify(aPlan()), planContext)).toEqual(
      parsePlan(aPlan(), planContext),
    );
  });

  it.each([
    ['an open list', 'targets: [', 1],
    ['a key twice', 'title: a\ntitle: hush\n', 2],
    ['a second document', 'title: a\n---\ntitle: b\n', 2],
    ['a tab for indentation', 'title:\n\t- hush', 2],
  ])('gives line and column for %s, without the text', (_, text, line) => {
    const faults = faultsOf(text);

    expect(faults[0]?.message).toMatch(new RegExp(`^line ${line}, column \\d+: `));
    expect(JSON.stringify(faults)).not.toContain('hush');
  });

  it('does not expand a bomb of aliases', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const below = level === 0 ? 'x' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(9).fill(below).join(', ')}]`;
    });

    expect(faultsOf(levels.join('\n'))).toEqual([
      { path: '', message: 'has too many or unknown aliases' },
    ]);
  });

  it('is not led to the prototype', () => {
    expect(faultsOf('__proto__: { title: x }').map(({ path }) => path)).toContain('/__proto__');
  });

  it('takes an empty text for no plan', () => {
    expect(faultsOf('')).toEqual([{ path: '', message: 'must be an object' }]);
  });
});
