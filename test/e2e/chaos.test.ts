import { describe, expect, it } from 'vitest';
import { runChaos } from '../chaos/run-chaos.ts';

describe('three workers on PostgreSQL while everything around them breaks', () => {
  it('change everything exactly once, in order, and leave nothing undone', async () => {
    const report = await runChaos({ seed: 1, minutes: 0.35, workers: 3, kills: 0, rotates: true });

    expect(report).toMatchObject({ violations: [], vacuities: [], holds: true });
  }, 180_000);
});
