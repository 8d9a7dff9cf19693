import type { LaneStore } from '../../shared/lane/lane-store.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { Rates } from './choices.ts';
import { fateOf } from './fates.ts';
import type { Actor } from './stage.ts';
import type { StoreSet } from './store-set.ts';

const rates: Rates<'is not reached' | 'is done, its reply lost'> = [
  ['is not reached', 0.008],
  ['is done, its reply lost', 0.012],
];

/** How a database fails that cannot be reached, or that went away before it answered. */
function away(): AppError {
  return new AppError('unavailable', 'the database cannot be reached; try again later');
}

/** The stores as one process has them: each call takes its turns, and may fail before or after it is done. */
export function stagedStores(stores: StoreSet, actor: Actor, leaseMs: number): StoreSet {
  const staged = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, method) {
        const value: unknown = Reflect.get(target, method);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          call(
            `${name}.${String(method)}`,
            async () => Reflect.apply(value, target, args) as unknown,
          );
      },
    });

  function call(what: string, work: () => Promise<unknown>): Promise<unknown> {
    const moment = actor.moment(what);
    const fate = fateOf(actor, moment, { leaseMs, isCrucial: false });
    const trouble = actor.stage.choices.strike(`${moment} store`, rates);
    return actor.call(moment, { fate }, async () => {
      if (trouble === 'is not reached') throw away();
      const result = await work();
      if (trouble === 'is done, its reply lost') throw away();
      return result;
    });
  }

  return {
    jobs: staged('jobs', stores.jobs),
    verbs: staged('verbs', stores.verbs),
    approvals: staged('approvals', stores.approvals),
    lanes: staged('lanes', inKeyOrder(stores.lanes)),
    resolving: staged('resolving', stores.resolving),
    journal: staged('journal', stores.journal),
    keyring: staged('keyring', stores.keyring),
    budget: (options) => staged('budget', stores.budget(options)),
  };
}

/** In which order claimed lanes come is left open: here it is always the same, so that runs can be compared over stores. */
function inKeyOrder(lanes: LaneStore): LaneStore {
  return {
    ...lanes,
    async claim(request) {
      const claimed = await lanes.claim(request);
      const sorted = [...claimed.lanes].sort((a, b) => (a.laneKey < b.laneKey ? -1 : 1));
      return { ...claimed, lanes: sorted };
    },
  };
}
