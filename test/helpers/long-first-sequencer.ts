import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders of `test` with files that take minutes, the longest first. */
const long = ['mutation', 'simulation', 'e2e', 'function', 'contract'];

/**
 * Begins with what takes long, so that no worker is left alone with it in the end. Files of one folder come in an order that the
 * run's seed draws: none may depend on another.
 */
export class LongFirstSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, sequence } = this.ctx.config;
    const placed = files.map((file) => {
      const path = relative(root, file.moduleId);
      const rank = long.indexOf(path.split('/')[1] ?? '');
      const lot = createHash('sha256').update(`${sequence.seed} ${path}`).digest('hex');
      return { file, rank: rank < 0 ? long.length : rank, lot };
    });
    return placed
      .toSorted((one, other) => one.rank - other.rank || (one.lot < other.lot ? -1 : 1))
      .map(({ file }) => file);
  }
}
