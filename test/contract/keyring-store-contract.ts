import { beforeEach, expect, it } from 'vitest';
import type { StoreSubject } from './store-subjects.ts';

/** Where keys of our own making are kept. */
export function defineKeyringContract(subject: StoreSubject): void {
  const { keyring } = subject.stores;
  beforeEach(() => subject.empty());

  it('has nothing under a name that was never used', async () => {
    expect(await keyring.get('digest')).toBeNull();
  });

  it('keeps the first key of a name, for good', async () => {
    const first = await keyring.putIfAbsent('digest', 'sealed-1');
    const second = await keyring.putIfAbsent('digest', 'sealed-2');

    expect([first, second, await keyring.get('digest')]).toEqual([
      'sealed-1',
      'sealed-1',
      'sealed-1',
    ]);
  });

  it('keeps names apart', async () => {
    await keyring.putIfAbsent('digest', 'sealed-1');
    await keyring.putIfAbsent('journal', 'sealed-2');

    expect(await keyring.get('journal')).toBe('sealed-2');
  });

  it('keeps the public half with a pair, in clear, and shows those of all pairs', async () => {
    await keyring.putIfAbsent('digest', 'sealed-1');
    await keyring.putIfAbsent('journal', 'sealed-2', 'public-2');
    await keyring.putIfAbsent('journal', 'sealed-3', 'public-3');

    expect(await keyring.publicKeys()).toEqual(['public-2']);
  });

  it('gives everybody the same key when many come at once', async () => {
    const other = (await subject.another()).keyring;
    const keys = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? keyring : other).putIfAbsent('digest', `sealed-${index}`),
      ),
    );

    expect(new Set(keys).size).toBe(1);
    expect(await keyring.get('digest')).toBe(keys[0]);
  });
}
