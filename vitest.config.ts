import { defineConfig } from 'vitest/config';
import { LongFirstSequencer } from './test/helpers/long-first-sequencer.ts';
import { mutationPlugin } from './test/mutation/plugin.ts';

export default defineConfig({
  plugins: [mutationPlugin()],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/global-setup.ts'],
    reporters: ['default', './test/helpers/tally-reporter.ts'],
    sequence: { shuffle: { tests: true, files: false }, sequencer: LongFirstSequencer },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    // Node's own rules for CommonJS packages, by which the types are checked and the code runs outside tests.
    deps: { interopDefault: false },
  },
});
