import { describe, expect, it } from 'vitest';
import { effectOf, type Verb, verbs } from '../../../shared/job/job-verbs.ts';
import { isFinalJob, jobStates } from '../../../shared/job/state.ts';

const running = { state: 'running', isPaused: false, isStopping: false } as const;
const paused = { state: 'paused', isPaused: true, isStopping: false } as const;
const stopping = { state: 'running', isPaused: false, isStopping: true } as const;

describe('what a verb means to a job', () => {
  it.each<[Verb, string, Parameters<typeof effectOf>[1], ReturnType<typeof effectOf>]>([
    ['pause', 'running', running, 'apply'],
    ['pause', 'paused', paused, 'nothing'],
    ['pause', 'stopping', stopping, 'conflict'],
    ['resume', 'running', running, 'nothing'],
    ['resume', 'paused', paused, 'apply'],
    ['resume', 'stopping', stopping, 'nothing'],
    ['cancel', 'running', running, 'apply'],
    ['cancel', 'paused', paused, 'apply'],
    ['cancel', 'stopping', stopping, 'nothing'],
  ])('%s of a %s job', (verb, _, job, effect) => {
    expect(effectOf(verb, job)).toBe(effect);
  });

  it.each(jobStates.filter(isFinalJob))('nothing, once it is %s', (state) => {
    const effects = verbs.map((verb) =>
      effectOf(verb, { state, isPaused: false, isStopping: false }),
    );

    expect(new Set(effects)).toEqual(
      new Set(state === 'cancelled' ? ['conflict', 'nothing'] : ['conflict']),
    );
  });
});
