import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import {
  baseKeyContext,
  intentKeyContext,
  keyringContext,
  madeKeyContext,
  previousKeyContext,
  scheduleKeyContext,
} from './seal-context.ts';
import type { SealedPlace, SealedRow, SealedStore } from './sealed-store.ts';
import type { Sealer } from './sealer.ts';

export interface RewrapDeps {
  store: SealedStore;
  /** Seals with the key that stays, and opens with the one that goes too. */
  sealer: Sealer;
  clock: Clock;
  /** Told what is done whenever there is something to tell. */
  onProgress?: (progress: RewrapProgress) => void;
}

/** Where a rewrap stands. */
export interface RewrapProgress {
  /** Rows whose envelopes were replaced so far. */
  rewrapped: number;
  /** Changes under way that a worker may still write back as it read them. */
  waitingFor: number;
}

/** What a rewrap came to. */
export interface RewrapReport {
  rewrapped: number;
  /** Rows that neither key opens: they were lost before, and stay as they are. */
  unopened: number;
}

const batchSize = 200;
const pauseMs = 5_000;
const lastPasses = 3;
const kinds = ['keyring', 'intent', 'change', 'made', 'previous', 'schedule'] as const;

/**
 * Seals everything in the database anew with the sealer's own key, while workers run; may be stopped and begun again at
 * any time. A worker that read a change before may write its former envelopes back, so the end is when every change
 * that was under way has ended and nothing is found any more. Raises `unavailable` when something goes on sealing with
 * another key.
 */
export async function rewrap(deps: RewrapDeps): Promise<RewrapReport> {
  const { store, clock, onProgress } = deps;
  const held = await store.underWay(null);
  const report = await pass(deps);
  for (;;) {
    const left = await store.underWay(held);
    onProgress?.({ rewrapped: report.rewrapped, waitingFor: left.length });
    if (left.length === 0) break;
    await clock.sleep(pauseMs);
  }
  for (let count = 0; count < lastPasses; count += 1) {
    const { rewrapped, unopened } = await pass(deps);
    report.rewrapped += rewrapped;
    report.unopened = unopened;
    if (rewrapped === 0) return report;
    await clock.sleep(pauseMs);
  }
  throw new AppError(
    'unavailable',
    'something still seals with another key: give every process the new SECRETS_KEY first',
  );
}

/** Once through all that is sealed otherwise. What somebody else changes meanwhile is left for the next pass. */
async function pass({ store, sealer }: RewrapDeps): Promise<RewrapReport> {
  const report = { rewrapped: 0, unopened: 0 };
  const { sealedPrefix } = sealer;
  for (const kind of kinds) {
    let after: SealedPlace | null = null;
    for (;;) {
      const rows: readonly SealedRow[] = await store.sealedOtherwise({
        kind,
        sealedPrefix,
        after,
        limit: batchSize,
      });
      const renewed = rows.flatMap((row) => renewedRow(sealer, row));
      report.unopened += rows.length - renewed.length;
      if (renewed.length > 0) report.rewrapped += await store.replace(renewed);
      after = rows.at(-1)?.place ?? null;
      if (after === null || rows.length < batchSize) break;
    }
  }
  return report;
}

function renewedRow(
  sealer: Sealer,
  row: SealedRow,
): readonly (SealedRow & { by: SealedRow['envelopes'] })[] {
  try {
    const by = Object.entries(row.envelopes).map(([path, envelope]) => {
      if (envelope.startsWith(sealer.sealedPrefix)) return [path, envelope];
      const context = contextOf(row.place, path);
      return [path, sealer.seal(sealer.open(envelope, context), context)];
    });
    return [{ ...row, by: Object.fromEntries(by) }];
  } catch {
    return [];
  }
}

function contextOf(place: SealedPlace, path: string): string {
  switch (place.kind) {
    case 'keyring':
      return keyringContext(place.name);
    case 'intent':
      return intentKeyContext(place.jobId, place.number, path);
    case 'schedule':
      return scheduleKeyContext(place.name, place.target, path);
    case 'change':
      return baseKeyContext(place.jobId, place.changeId, path);
    case 'made':
      return madeKeyContext(place.jobId, place.changeId, path);
    case 'previous':
      return previousKeyContext(place.jobId, place.changeId, path);
  }
}
