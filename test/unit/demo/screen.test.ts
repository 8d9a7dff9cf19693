import { describe, expect, it } from 'vitest';
import { createScreen } from '../../../local/demo/screen.ts';
import type { Progress } from '../../../local/demo/watch.ts';

const progress: Progress = {
  elapsedMs: 0,
  remainingMs: null,
  total: 40,
  done: 0,
  jobs: [{ label: 'key rotation', total: 40, done: 0 }],
  queued: 40,
  sending: 0,
  settling: 0,
  failed: 0,
  met: { busy: 1, throttled: 2, lost: 3, edits: 4 },
};

/** A standard output that is a pipe and remembers what was written to it. */
function createPipe(): { output: NodeJS.WriteStream; text: () => string } {
  let written = '';
  const output: NodeJS.WriteStream = Object.create(process.stdout, {
    isTTY: { value: false },
    write: {
      value: (text: string) => {
        written += text;
        return true;
      },
    },
  });
  return { output, text: () => written };
}

describe('progress in a pipe', () => {
  it('is a plain line now and then, and the last state at the end', () => {
    const { output, text } = createPipe();
    const screen = createScreen(output);

    for (let elapsedMs = 0; elapsedMs <= 4_750; elapsedMs += 250) {
      screen.show({ ...progress, elapsedMs, done: elapsedMs / 250 });
    }
    screen.stop();

    const lines = text().trimEnd().split('\n');
    expect(lines.map((line) => /\d+ %/.exec(line)?.[0])).toEqual(['0 %', '20 %', '40 %', '47 %']);
    expect(lines.at(-1)).toMatch(
      /^ +47 % +19\/40 +5 s +40 queued, 0 being sent, 0 settling; met 1 busy/,
    );
    expect(text()).not.toContain('\u001b');
  });
});
