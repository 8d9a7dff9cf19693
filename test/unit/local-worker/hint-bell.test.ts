import { describe, expect, it } from 'vitest';
import { createHintBell } from '../../../local/worker/hint-bell.ts';

const never = new AbortController().signal;

describe('hint bell', () => {
  it('wakes everybody who listens', async () => {
    const bell = createHintBell();
    const listeners = [bell.heard(never), bell.heard(never)];

    await bell.wake({ delaySeconds: 0, cause: 'test' });

    await expect(Promise.all(listeners)).resolves.toHaveLength(2);
  });

  it('keeps a ring that nobody heard for the next listener, and only for one', async () => {
    const bell = createHintBell();
    const stop = new AbortController();
    await bell.wake({ delaySeconds: 0, cause: 'test' });

    await bell.heard(never);
    let isWoken = false;
    const second = bell.heard(stop.signal).then(() => {
      isWoken = true;
    });
    await Promise.resolve();
    const before = isWoken;
    stop.abort();
    await second;

    expect(before).toBe(false);
  });

  it('leaves later work to its due time in the database', async () => {
    const bell = createHintBell();
    const stop = new AbortController();
    let isWoken = false;
    const listening = bell.heard(stop.signal).then(() => {
      isWoken = true;
    });

    await bell.wake({ delaySeconds: 1, cause: 'test' });
    const before = isWoken;
    stop.abort();
    await listening;

    expect(before).toBe(false);
  });

  it('forgets a listener that gave up, so that the ring is kept', async () => {
    const bell = createHintBell();
    const gone = new AbortController();
    const first = bell.heard(gone.signal);
    gone.abort();
    await first;

    await bell.wake({ delaySeconds: 0, cause: 'test' });

    await expect(bell.heard(never)).resolves.toBeUndefined();
  });
});
