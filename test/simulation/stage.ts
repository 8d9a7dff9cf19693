import type { Clock } from '../../shared/platform/clock.ts';
import type { Choices } from './choices.ts';

/** Something that is going to happen at a time. */
interface Turn {
  readonly at: number;
  readonly order: number;
  readonly actor: Actor;
  go(): Promise<void> | void;
}

/** What went on, for people and for comparing runs. */
export interface Happening {
  /** Virtual milliseconds since the start. */
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
}

const start = Date.parse('2026-11-22T10:00:00.000Z');
/** Nobody's call takes no time: the spread decides who is first where several go on at once. */
const usualLatencyMs = 9;

/**
 * Runs everything of a simulated system one turn at a time: calls, replies and wake-ups are turns, and between two of them
 * the code that the first one let go on has come to its next await. Time passes only from turn to turn.
 */
export class Stage {
  readonly choices: Choices;
  readonly happenings: Happening[] = [];
  readonly #names = new Map<string, number>();
  #turns: Turn[] = [];
  #now = start;
  #order = 0;

  constructor(choices: Choices) {
    this.choices = choices;
  }

  now(): number {
    return this.#now;
  }

  elapsedMs(): number {
    return this.#now - start;
  }

  actor(name: string): Actor {
    return new Actor(this, name);
  }

  /** The next name of this kind: `worker-1`, `worker-2`. */
  nameFor(kind: string): string {
    const count = (this.#names.get(kind) ?? 0) + 1;
    this.#names.set(kind, count);
    return `${kind}-${count}`;
  }

  note(who: string, what: string): void {
    this.happenings.push({ atMs: this.elapsedMs(), who, what });
  }

  /** Lets something happen so many milliseconds from now. Answers with what takes it back. */
  schedule(afterMs: number, turn: Pick<Turn, 'actor' | 'go'>): () => void {
    this.#order += 1;
    const { actor, go } = turn;
    const made = { actor, go, at: this.#now + Math.max(0, Math.ceil(afterMs)), order: this.#order };
    this.#turns.push(made);
    return () => {
      this.#turns = this.#turns.filter((other) => other !== made);
    };
  }

  /** Takes turn after turn until `isOver`, or until nothing is left that could happen. */
  async run(isOver: () => boolean): Promise<void> {
    await untilAllWait();
    while (!isOver()) {
      const turn = this.#takeNext();
      if (turn === null) return;
      await turn.go();
      await untilAllWait();
    }
  }

  /** The turn that is first; those of the dead are gone, those of the suspended come when they go on. */
  #takeNext(): Turn | null {
    this.#turns = this.#turns.filter(({ actor }) => !actor.isDead);
    let next: Turn | undefined;
    let at = Infinity;
    for (const turn of this.#turns) {
      const time = Math.max(turn.at, turn.actor.suspendedUntil);
      if (time > at || (time === at && next && turn.order > next.order)) continue;
      next = turn;
      at = time;
    }
    if (next === undefined) return null;
    this.#turns = this.#turns.filter((turn) => turn !== next);
    this.#now = Math.max(this.#now, at);
    return next;
  }
}

/** One loop of the event loop: by then every promise that could go on has, since nothing waits for the world outside. */
function untilAllWait(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What may befall a call, besides what its port knows of. */
export interface Fate {
  /** How much later it arrives, and how much later its reply. */
  lateMs?: number;
  replyLateMs?: number;
  /** The caller ends when the call arrives, or when it was carried out. */
  dies?: 'before' | 'after';
  /** The caller stands still for so long before the call arrives, or when it was carried out. */
  stops?: { when: 'before' | 'after'; forMs: number };
}

/** A process: a function's invocation, a client, or the timer. What it awaits comes through its stage. */
export class Actor {
  readonly name: string;
  readonly stage: Stage;
  readonly clock: Clock;
  isDead = false;
  suspendedUntil = 0;
  readonly #counts = new Map<string, number>();

  constructor(stage: Stage, name: string) {
    this.stage = stage;
    this.name = name;
    this.clock = {
      now: () => stage.now(),
      monotonic: () => stage.elapsedMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  /** Names this moment of the process: the n-th time that it does this. */
  moment(what: string): string {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return `${this.name} ${what} #${count}`;
  }

  /** Ends the process: nothing that it awaits ever comes, and none of its calls arrives any more. */
  die(): void {
    this.stage.note(this.name, 'dies');
    this.isDead = true;
  }

  /** The process is done: as with every end of an invocation, what it left waiting is gone. */
  end(): void {
    this.stage.note(this.name, 'ends');
    this.isDead = true;
  }

  suspend(forMs: number): void {
    this.stage.note(this.name, `stands still for ${forMs} ms`);
    this.suspendedUntil = this.stage.now() + forMs;
  }

  /**
   * A call to something outside of the process: it arrives, is carried out, and its reply comes, each in a turn of its own.
   * `by` carries it from where the process let it go, whatever becomes of the process; by default nobody does.
   */
  call<Result>(
    moment: string,
    { fate, by = this }: { fate: Fate; by?: Actor },
    work: () => Promise<Result>,
  ): Promise<Result> {
    const { stage } = this;
    return new Promise((resolve, reject) => {
      const reply = (deliver: () => void): void => {
        if (fate.dies === 'after') this.die();
        if (fate.stops?.when === 'after') this.suspend(fate.stops.forMs);
        const afterMs = this.#latency(`${moment} reply`) + (fate.replyLateMs ?? 0);
        stage.schedule(afterMs, { actor: this, go: deliver });
      };
      const arrive = async (): Promise<void> => {
        stage.note(this.name, moment);
        await work().then(
          (result) => reply(() => resolve(result)),
          (error: unknown) => reply(() => reject(error)),
        );
      };
      const send = (): void => {
        stage.schedule(fate.lateMs ?? 0, { actor: by, go: arrive });
      };
      const leave = (): void => {
        if (fate.dies === 'before') this.die();
        else if (fate.stops?.when === 'before') {
          this.suspend(fate.stops.forMs);
          stage.schedule(0, { actor: this, go: send });
        } else send();
      };
      stage.schedule(this.#latency(moment), { actor: this, go: leave });
    });
  }

  #latency(moment: string): number {
    return this.stage.choices.within(0, usualLatencyMs, 'latency', moment);
  }

  /** A clock that rings once, unless it is stopped before. */
  timer(ms: number): { rings: Promise<void>; stop(): void } {
    let stop = (): void => undefined;
    const rings = new Promise<void>((resolve) => {
      stop = this.stage.schedule(ms, { actor: this, go: resolve });
    });
    return { rings, stop: () => stop() };
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', cancel);
        resolve();
      };
      const takeBack = this.stage.schedule(ms, { actor: this, go: wake });
      const cancel = (): void => {
        takeBack();
        resolve();
      };
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }
}
