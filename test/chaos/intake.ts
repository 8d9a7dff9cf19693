import { tick } from '../../functions/scheduler/handler.ts';
import type { Random } from '../../local/simulator/random.ts';
import type { Connection } from '../../local/simulator/shapes.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { type SubmitJobDeps, submitJob } from '../../shared/job/submit-job.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { Plan } from '../../shared/plan/schema.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';

/** The field that every plan sets, to a value of its own, so that each change is seen. */
export const witness = 'IpsecConfig.IpsecLifetime';
const firstValue = 3_601;
/** A plan changes at most so many connections, so that many are under way at once. */
const mostTargets = 24;
/** One plan in so many makes keys, for fewer connections: each of its changes is delivered and proved. */
const rotatesEvery = 3;
const mostRotated = 5;
const rotation = {
  rotatePsk: true,
  handover: { deliverTo: ['kms'] },
  verify: { timeoutSeconds: 60 },
};
const pauseMs = 300;

/** Those who submit, and the timer. */
export interface Intake {
  /** Submits a plan for some connections, twice at once under one key and again until it was heard. */
  submit(connections: readonly Connection[]): Promise<void>;
  /** By connection, the value of the plan that was accepted last. */
  wanted: ReadonlyMap<string, number>;
  /** Connections of which a plan rotates the keys. */
  rotated: ReadonlySet<string>;
  /** Jobs that one key found for the second time. */
  repeated(): number;
  /** A tick of the timer, doubled; what the database refuses now the next one makes up. */
  tickTwice(): Promise<void>;
}

/** `database` stands behind bad weather. */
export function openIntake(
  database: Database,
  deps: { secretsKey: string; clock: Clock; random: Random; logger: Logger; rotates: boolean },
): Intake {
  const { clock, random, logger } = deps;
  const sealer = createSealer(new Secret(deps.secretsKey), systemRandom);
  const keyring = createPgKeyringStore(database);
  const submitting: SubmitJobDeps = {
    jobs: createPgJobStore(database),
    sealer,
    ids: createIds(clock, systemRandom),
    digestKey: createDigestKeyLoader({ keyring, sealer, random: systemRandom }),
  };
  const ticking = {
    ...submitting,
    logger,
    lanes: createPgLaneStore(database),
    schedules: createPgScheduleStore(database),
    sinkNames: new Set<string>(),
    clock,
    waker: timerAlone,
  };
  const wanted = new Map<string, number>();
  const rotated = new Set<string>();
  let plans = 0;
  let repeated = 0;

  async function untilHeard(plan: Plan, key: string): Promise<void> {
    for (;;) {
      try {
        const submission = { actor: 'chaos', plan, idempotencyKey: key };
        const both = await Promise.all([
          submitJob(submitting, submission),
          submitJob(submitting, submission),
        ]);
        repeated += both.filter(({ kind }) => kind === 'repeated').length;
        return;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
        await clock.sleep(pauseMs);
      }
    }
  }

  return {
    wanted,
    rotated,
    repeated: () => repeated,
    async submit(connections) {
      const value = firstValue + plans;
      const rotates = deps.rotates && plans % rotatesEvery === 1;
      plans += 1;
      const targets = connections
        .filter(({ tunnels }) => rotates || tunnels.length === 0)
        .sort(() => random.next() - 0.5)
        .slice(0, random.integer(1, rotates ? mostRotated : mostTargets));
      const plan = Plan.parse({
        title: `chaos ${plans}`,
        targets: targets.map(({ regionId, id }) => ({ regionId, vpnConnectionId: id })),
        set: { IpsecConfig: { IpsecLifetime: value } },
        rollout: {
          concurrency: random.pick<number | string>([2, '50%', '100%']),
          redundancy: 'none',
        },
        ...(rotates ? rotation : { acceptOutage: true, verify: { tunnel: 'none' } }),
      });
      await untilHeard(plan, `chaos-${plans}`);
      for (const { id } of targets) {
        wanted.set(id, value);
        if (rotates) rotated.add(id);
      }
    },
    async tickTwice() {
      const once = (): Promise<unknown> => tick(ticking, 'chaos');
      await Promise.allSettled([once(), once()]);
    },
  };
}
