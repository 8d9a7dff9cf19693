import type { Random } from '../../local/simulator/random.ts';
import type { Query } from '../../shared/adapters/postgres/database.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { type RunningProgram, spawnProgram } from '../helpers/programs.ts';

/** Worker processes that come and go. */
export interface Herd {
  /** Kills a worker that holds lanes, and starts another in its place. False when no worker was there to be killed. */
  kill(): Promise<boolean>;
  /** Stops a worker that holds lanes for so long, then lets it go on. */
  suspend(forMs: number): Promise<boolean>;
  /** Lanes that were leased to a worker when it was killed or suspended, and that went to another since. */
  takeovers(): Promise<number>;
  /** Workers whose late results changed nothing, because their lane had gone to another: warnings they logged. */
  lostLanes(): number;
  /** Asks all to end, and gives the exit codes of those that did not end well. */
  end(): Promise<readonly (number | null)[]>;
  /** Leaves no process behind, whatever happened. */
  killAll(): Promise<void>;
}

interface Worker {
  id: string;
  program: RunningProgram;
}

interface HerdDeps {
  size: number;
  /** The program that each of them runs. */
  entry: string;
  environment: Readonly<Record<string, string>>;
  /** Asks the database beside all proxies, as often as it takes. */
  ask: Query;
  clock: Clock;
  random: Random;
}

interface Orphan {
  laneKey: string;
  epoch: number;
}

/** How often a worker is looked at until it holds a lane; then it is struck whether it does or not. */
const mostLooks = 15;
/** After its process was stopped, for what it had already sent to the database. */
const wakeMs = 100;
const restartMs = 200;

/** Starts `size` workers as `npm run worker` does and waits until they work. */
export async function startHerd(deps: HerdDeps): Promise<Herd> {
  const { ask, clock, random } = deps;
  const free: Worker[] = [];
  const everyone: RunningProgram[] = [];
  const orphans: Orphan[] = [];
  let takenWhileSuspended = 0;

  /** Starts one until it works: a worker that cannot reach the database at its start ends with 1, as it should. */
  async function start(): Promise<void> {
    for (;;) {
      const program = spawnProgram(deps.entry, deps.environment);
      everyone.push(program);
      const [, id] = (await program.printed(/^working as (wrk_\w+)$/m).catch(() => null)) ?? [];
      if (id !== undefined) {
        free.push({ id, program });
        return;
      }
      if ((await program.ended()) !== 1) throw new Error(`no worker starts: ${program.stderr()}`);
      await clock.sleep(restartMs);
    }
  }

  async function heldBy({ id }: Worker): Promise<readonly Orphan[]> {
    const rows = await ask('SELECT lane_key, epoch FROM lanekeeper.lane WHERE worker = $1', [id]);
    return rows.map((row) => ({ laneKey: String(row.lane_key), epoch: Number(row.epoch) }));
  }

  async function takenOf(lanes: readonly Orphan[]): Promise<number> {
    const rows = await ask(
      `SELECT count(*)::int AS taken FROM lanekeeper.lane l
         JOIN unnest($1::text[], $2::bigint[]) AS o(lane_key, epoch) ON l.lane_key = o.lane_key
        WHERE l.epoch > o.epoch`,
      [lanes.map(({ laneKey }) => laneKey), lanes.map(({ epoch }) => epoch)],
    );
    return Number(rows[0]?.taken);
  }

  /** Takes a worker out of the herd, stopped, if possible at a moment when it holds lanes. */
  async function catchOne(): Promise<{ worker: Worker; held: readonly Orphan[] } | null> {
    const [worker] = free.splice(random.integer(0, Math.max(0, free.length - 1)), 1);
    if (worker === undefined) return null;
    for (let look = 1; ; look += 1) {
      worker.program.child.kill('SIGSTOP');
      await clock.sleep(wakeMs);
      const held = await heldBy(worker);
      if (held.length > 0 || look >= mostLooks) return { worker, held };
      worker.program.child.kill('SIGCONT');
      await clock.sleep(random.integer(20, 120));
    }
  }

  await Promise.all(Array.from({ length: deps.size }, start));
  return {
    async kill() {
      const caught = await catchOne();
      if (caught === null) return false;
      await caught.worker.program.end('SIGKILL');
      orphans.push(...caught.held);
      await start();
      return true;
    },
    async suspend(forMs) {
      const caught = await catchOne();
      if (caught === null) return false;
      const { worker, held } = caught;
      await clock.sleep(forMs);
      takenWhileSuspended += await takenOf(held);
      worker.program.child.kill('SIGCONT');
      free.push(worker);
      return true;
    },
    takeovers: async () => takenWhileSuspended + (await takenOf(orphans)),
    lostLanes: () =>
      everyone.reduce((sum, { stderr }) => sum + stderr().split('lane was lost').length - 1, 0),
    async end() {
      const codes = await Promise.all(free.map(({ program }) => program.end('SIGTERM')));
      return codes.filter((code) => code !== 0);
    },
    async killAll() {
      await Promise.all(everyone.map((program) => program.end('SIGKILL')));
    },
  };
}
