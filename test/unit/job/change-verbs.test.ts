import { describe, expect, it } from 'vitest';
import { changeStates } from '../../../shared/change/state.ts';
import { effectOnChange, type SteeredChange } from '../../../shared/job/change-verbs.ts';

const running = { state: 'running', isStopping: false } as const;

function steered(some: Partial<SteeredChange>): SteeredChange {
  return {
    state: 'queued',
    step: null,
    isHalfDone: false,
    isResolved: true,
    job: running,
    ...some,
  };
}

describe('what a verb means to a change', () => {
  it.each([
    ['queued', 'nothing', 'apply'],
    ['delivering', 'nothing', 'apply'],
    ['applying', 'nothing', 'conflict'],
    ['settling', 'nothing', 'conflict'],
    ['verifying', 'nothing', 'conflict'],
    ['rolling_back', 'nothing', 'conflict'],
    ['succeeded', 'conflict', 'conflict'],
    ['unchanged', 'conflict', 'conflict'],
    ['failed', 'apply', 'conflict'],
    ['rolled_back', 'conflict', 'conflict'],
    ['skipped', 'conflict', 'nothing'],
    ['cancelled', 'conflict', 'conflict'],
  ] as const)('%s: retry is %s, skip is %s', (state, retry, skip) => {
    const effects = (['retry', 'skip'] as const).map((verb) => {
      const effect = effectOnChange(verb, steered({ state, step: 'settle' }));
      return typeof effect === 'string' ? effect : 'conflict';
    });

    expect(effects).toEqual([retry, skip]);
  });

  it('has every state in its table', () => {
    expect(changeStates).toHaveLength(12);
  });

  it('can skip what is being read for the first time, and not what is half done', () => {
    const reading = { state: 'applying', step: 'read' } as const;

    expect(effectOnChange('skip', steered(reading))).toBe('apply');
    expect(effectOnChange('skip', steered({ ...reading, isHalfDone: true }))).toMatchObject({
      conflict: /written/,
    });
  });
});
