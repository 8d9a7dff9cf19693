import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, parseCommand, usages } from '../../../shared/chat/command.ts';
import { spanAsDuration, spanMs } from '../../../shared/chat/span.ts';
import { wordsOf } from '../../../shared/chat/words.ts';

const job = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';

describe('commands', () => {
  it.each<[string, Command]>([
    ['', { name: 'help' }],
    ['  help me please', { name: 'help' }],
    ['STATUS', { name: 'status', job: null }],
    [`status ${job}`, { name: 'status', job }],
    ['jobs', { name: 'jobs' }],
    ['preview nightly', { name: 'preview', schedule: 'nightly' }],
    ['run nightly', { name: 'run', schedule: 'nightly' }],
    [
      'rotate region=cn-hangzhou tag:env=prod name="branch 1*"',
      { name: 'rotate', words: ['region=cn-hangzhou', 'tag:env=prod', 'name=branch 1*'] },
    ],
    [`approve ${job}`, { name: 'approve', job, digest: null, code: null, reason: null }],
    [
      `approve ${job} code=k7 DIGEST=abcd looks good code=3`,
      { name: 'approve', job, digest: 'abcd', code: 'k7', reason: 'looks good code=3' },
    ],
    [`reject ${job} it's  "too" early`, { name: 'reject', job, reason: 'it\'s  "too" early' }],
    [`pause ${job}`, { name: 'pause', job, reason: null }],
    [`resume ${job} all clear`, { name: 'resume', job, reason: 'all clear' }],
    [`cancel ${job}\nwrong fleet`, { name: 'cancel', job, reason: 'wrong fleet' }],
    [
      'freeze region:cn-hangzhou for 2h audit of the year',
      {
        name: 'freeze',
        scope: 'region:cn-hangzhou',
        forMs: 7_200_000,
        reason: 'audit of the year',
      },
    ],
    ['unfreeze chat-1a2b', { name: 'unfreeze', freeze: 'chat-1a2b' }],
  ])('reads %j', (text, command) => {
    expect(parseCommand(text)).toEqual({ kind: 'command', command });
  });

  it.each([
    ['stauts', 'unknown command stauts; did you mean status?', null],
    ['make tea', 'unknown command make', null],
    ['__proto__', 'unknown command __proto__', null],
    ['rotate name="branch', 'a quotation mark is not closed', null],
    ['preview', 'name the schedule', usages.preview.usage],
    ['run a b', 'one schedule at a time', usages.run.usage],
    ['approve', 'name the job', usages.approve.usage],
    [`reject ${job}`, 'say why', usages.reject.usage],
    ['pause', 'name the job', usages.pause.usage],
    ['status a b', 'status takes one job', usages.status.usage],
    ['jobs all', 'jobs takes nothing more', usages.jobs.usage],
    ['freeze', 'name what is to be frozen', usages.freeze.usage],
    ['freeze all until tomorrow x', 'say for how long', usages.freeze.usage],
    [
      'freeze all for ever x',
      'ever is no length of time such as 30m, 2h, 3d or 1w',
      usages.freeze.usage,
    ],
    ['freeze all for 2h', 'say why', usages.freeze.usage],
    ['x'.repeat(2_001), 'a command has at most 2000 letters', null],
  ])('says what is wrong with %j', (text, message, usage) => {
    expect(parseCommand(text)).toEqual({ kind: 'fault', message, usage });
  });

  it('reads any text without failing, and never a control character into a command', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...' ab="\'“”\n\0\t\u2028é汉😀,:'), maxLength: 50 }),
        (text) => {
          for (const said of [text, `reject ${job} ${text}`, `rotate ${text}`]) {
            expect(JSON.stringify(parseCommand(said))).not.toMatch(/\\u00[01]|\\[nrt]/);
          }
        },
      ),
    );
  });
});

describe('words', () => {
  it.each<[string, readonly string[] | null]>([
    ['a  b', ['a', 'b']],
    ['“one word” two', ['one word', 'two']],
    ["k='a b' don't", ['k=a b', "don't"]],
    ['「全部」 x', ['全部', 'x']],
    ['""', ['']],
    ['k="open', null],
  ])('of %j', (text, words) => {
    expect(wordsOf(text)?.map((word) => word.text) ?? null).toEqual(words);
  });

  it('stand where they were written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        let last = 0;
        for (const { start, end } of wordsOf(text) ?? []) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
      }),
    );
  });
});

describe('spans of time', () => {
  it.each([
    ['30m', 1_800_000, 'PT30M'],
    ['45min', 2_700_000, 'PT45M'],
    ['2h', 7_200_000, 'PT120M'],
    ['3D', 259_200_000, 'PT4320M'],
    ['1w', 604_800_000, 'PT10080M'],
    ['0h', null, '0h'],
    ['h', null, 'h'],
    ['P7D', null, 'P7D'],
  ])('%s', (text, ms, duration) => {
    expect(spanMs(text)).toBe(ms);
    expect(spanAsDuration(text)).toBe(duration);
  });
});
