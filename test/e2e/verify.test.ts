import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { aGoodChange, aSeal, aSigner, linesOf } from '../helpers/factories-journal.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { runProgram } from '../helpers/processes.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const main = 'local/verify/main.ts';

describe('npm run verify', () => {
  const paths = { journal: '', cut: '', keys: '' };

  beforeAll(async () => {
    const folder = await temporaryFolder();
    const { signer, keys } = await aSigner();
    const changes = [aGoodChange('chg_1'), aGoodChange('chg_2', 10)];
    const lines = linesOf(changes, aSeal(signer, changes));
    const save = async (name: 'journal' | 'cut' | 'keys', text: string): Promise<void> => {
      paths[name] = join(folder, name);
      await writeFile(paths[name], text);
    };
    await save('journal', `${lines.join('\n')}\n`);
    await save('cut', `${lines.slice(1).join('\n')}\n`);
    await save('keys', JSON.stringify({ keys }));
  });

  it('says that a journal holds', async () => {
    const program = runProgram(main, {}, [paths.journal, '--key', paths.keys]);

    expect(await program.ended()).toBe(0);
    expect(program.stdout()).toMatch(/^job job_1, succeeded[\s\S]*^holds$/m);
    expect(program.stdout()).not.toContain('✗');
    expect(program.stderr()).toBe('');
  });

  it('says what is wrong with one that does not', async () => {
    const program = runProgram(main, {}, [paths.cut, '--key', paths.keys]);

    expect(await program.ended()).toBe(1);
    expect(program.stdout()).toContain('9 events where 10 were sealed');
    expect(program.stdout()).toContain('chg_1: event 2 stands where 1 belongs');
  });

  it.each([
    { what: 'nothing', args: () => [] },
    { what: 'no key', args: () => [paths.journal] },
    { what: 'an unknown option', args: () => [paths.journal, '--keys', paths.keys] },
  ])('explains itself when it is called with $what', async ({ args }) => {
    const program = runProgram(main, {}, args());

    expect(await program.ended()).toBe(2);
    expect(program.stderr()).toContain('npm run verify');
  });

  it.each([
    { what: 'keys that are none', args: () => [paths.journal, '--key', paths.journal] },
    { what: 'a file that is not there', args: () => ['nowhere', '--key', paths.keys] },
  ])('tells in a line that it cannot work with $what', async ({ args }) => {
    const program = runProgram(main, {}, args());

    expect(await program.ended()).toBe(2);
    expect(program.stderr()).toMatch(/^invalid_request: .+\n$/);
  });
});
