import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { runProgram } from '../helpers/processes.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const main = 'local/demo/main.ts';

describe('npm run demo in a pipe', () => {
  it('ends with a table and checks that all hold', async () => {
    const demo = runProgram(main, {}, ['--small']);

    const code = await demo.ended();

    const text = demo.stdout();
    expect(text).toMatch(/^ +changes succeeded +41 +of 41; 23 connections, 13 lanes$/m);
    expect(text).toMatch(/^ +overlaps seen by the simulator +0$/m);
    expect(text).toMatch(/^ +lost replies +[1-9]/m);
    expect(text.match(/^ +✓ .+$/gm)).toHaveLength(9);
    expect(text).toMatch(/^ +✓ the journals prove it: \d+ events in 2 sealed journals/m);
    expect(text).not.toContain('✗');
    expect(text).not.toContain('\u001b');
    expect(demo.stderr()).toBe('');
    expect(code).toBe(0);
  });

  it('stops in order on Ctrl-C', async () => {
    const demo = runProgram(main, {}, ['--small']);
    await demo.printed(/settling/);
    await sleep(500);

    const code = await demo.end('SIGINT');

    expect(code).toBe(130);
    expect(demo.stderr()).toBe('');
  });

  it.each([['--unknown'], ['--seed=x']])(
    'explains itself when it is called with %s',
    async (argument) => {
      const demo = runProgram(main, {}, [argument]);

      const code = await demo.ended();

      expect(code).toBe(2);
      expect(demo.stderr()).toContain('npm run demo');
    },
  );
});
