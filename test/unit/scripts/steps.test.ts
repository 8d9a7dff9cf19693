import { describe, expect, it } from 'vitest';
import { runSteps, type Step, type StepResult } from '../../../scripts/steps.ts';

function script(name: string, code: string): Step {
  return { name, command: [process.execPath, '-e', code] };
}

async function run(steps: readonly Step[], atOnce = 2): Promise<Map<string, StepResult>> {
  const results = await runSteps(steps, { atOnce, onEnd: () => undefined });
  return new Map(results.map((result) => [result.name, result]));
}

describe('the steps of a check', () => {
  it('pass or fail by their exit code, each with what it printed', async () => {
    const results = await run([
      script('good', "console.log('fine')"),
      script('bad', "console.log('out'); console.error('err'); process.exit(3)"),
      script('ended', "process.kill(process.pid, 'SIGKILL')"),
      { name: 'missing', command: ['no-such-program'] },
    ]);

    expect(results.get('good')).toMatchObject({ passed: true, output: 'fine\n' });
    expect(results.get('bad')?.passed).toBe(false);
    expect(results.get('bad')?.output).toContain('out');
    expect(results.get('bad')?.output).toContain('err');
    expect(results.get('ended')?.passed).toBe(false);
    expect(results.get('missing')).toMatchObject({ passed: false });
    expect(results.get('missing')?.output).toContain('no-such-program');
  });

  it('run beside each other, but no more at once than allowed', async () => {
    const span = 'const a = Date.now(); setTimeout(() => console.log(a, Date.now()), 300)';
    const results = await run([script('a', span), script('b', span), script('c', span)]);

    const spans = [...results.values()].map(({ output }) => output.trim().split(' ').map(Number));
    const most = Math.max(
      ...spans.map(
        ([start = 0]) => spans.filter(([from = 0, to = 0]) => from <= start && start <= to).length,
      ),
    );
    expect(most).toBeLessThanOrEqual(2);
    expect(results.size).toBe(3);
  });

  it('begin when the one they come after has ended', async () => {
    const first = script('first', 'setTimeout(() => console.log(Date.now()), 300)');
    const results = await run([
      first,
      { ...script('second', 'console.log(Date.now())'), after: 'first' },
      { ...script('third', 'console.log(1)'), after: 'not chosen' },
    ]);

    const at = (name: string): number => Number(results.get(name)?.output);
    expect(at('second')).toBeGreaterThan(at('first'));
    expect(results.get('third')).toMatchObject({ passed: true });
  });

  it('find the programs of installed packages', async () => {
    const results = await run([{ name: 'biome', command: ['biome', '--version'] }]);

    expect(results.get('biome')).toMatchObject({ passed: true });
  });
});
