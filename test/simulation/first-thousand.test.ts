import { describe, expect, it } from 'vitest';
import { expectSeeds } from './expect-seeds.ts';

describe('the whole system, simulated', () => {
  it('keeps its promises under the first thousand seeds', { timeout: 1_200_000 }, async ({
    annotate,
  }) => {
    const pace = await expectSeeds(1, 1_000);

    await annotate(pace);
    expect(pace).toContain('1000 seeds');
  });
});
