import type { Clock } from '../../shared/platform/clock.ts';
import { SimulatorError } from '../simulator/errors.ts';
import type { Connection } from '../simulator/shapes.ts';
import type { CloudState } from '../simulator/state.ts';

/** Somebody at the console who works on the same gateways. */
export interface Colleague {
  /** Names given, by connection: they have to stand in the end. */
  readonly names: ReadonlyMap<string, string>;
  /** How many edits the cloud took so far. */
  edits(): number;
}

const everyMs = 80;
/** How long an edit keeps its gateway busy. */
export const colleagueSettleMs = 800;

/**
 * Renames connections that are in no plan until `stop` aborts: on a third of the gateways before the first write comes, then
 * once on every gateway. Each edit keeps its gateway busy for a while, as another team's work does.
 */
export function startColleague(
  parts: { state: CloudState; others: readonly Connection[]; clock: Clock },
  stop: AbortSignal,
): Colleague {
  const { state, others, clock } = parts;
  const names = new Map<string, string>();
  let edits = 0;
  const edit = ({ regionId, id }: Connection): boolean => {
    const name = `edited-by-hand-${edits + 1}`;
    if (!tamper(state, regionId, id, name)) return false;
    names.set(id, name);
    edits += 1;
    return true;
  };
  const work = async (): Promise<void> => {
    for (const connection of others.filter((_, index) => index % 3 === 0)) edit(connection);
    const open = [...others];
    while (open.length > 0) {
      await clock.sleep(everyMs, stop);
      const connection = open.shift();
      if (stop.aborted || connection === undefined) return;
      // A busy gateway is tried again when it is its turn once more.
      if (!edit(connection)) open.push(connection);
    }
  };
  void work();
  return { names, edits: () => edits };
}

/** Whether the cloud took the edit; it refuses while the gateway is busy. */
function tamper(state: CloudState, regionId: string, id: string, name: string): boolean {
  try {
    state.tamper(regionId, id, { name }, { settleMs: colleagueSettleMs });
    return true;
  } catch (error) {
    if (error instanceof SimulatorError && error.code === 'scope_busy') return false;
    throw error;
  }
}
