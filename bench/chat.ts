import type { Database } from '../shared/adapters/postgres/database.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { storedPlanOf } from '../shared/schedule/stored-plan.ts';
import { chatUsers, createTestChat, slackRequest, slashCommand } from '../test/helpers/chat.ts';
import { type Emit, quantile } from './lib/figures.ts';
import { connectionsOf, mainFleet, openWorld, planFor, type World } from './lib/world.ts';

const jobs = 10;
const rounds = 50;
/** Most that the answers of a hundred but one may take: a tenth of what a platform waits for. */
const limitMs = 300;

/** Answers to a chat platform, signature to response, while jobs of a fleet are stored. Nothing in them can reach a cloud. */
export async function chat(emit: Emit): Promise<void> {
  const world = await openWorld('postgres');
  const plan = planFor(connectionsOf(mainFleet));
  const ids: string[] = [];
  for (let job = 0; job < jobs; job += 1) ids.push((await world.submit(plan)).id);
  const { app, chats } = createTestChat(world.database, {
    sinkNames: new Set(['kms']),
    sealer: world.sealer,
    digestKey: async () => world.digestKey,
  });
  await putSchedule(chats);
  const times = new Map<string, number[]>();
  const say = async (command: string, user = chatUsers.operator): Promise<string> => {
    const request = slackRequest(slashCommand(command, user));
    const startedAt = clock.monotonic();
    const response = await app.fetch(request);
    const text = await response.text();
    const name = command.split(' ')[0] ?? '';
    times.set(name, [...(times.get(name) ?? []), clock.monotonic() - startedAt]);
    if (response.status !== 200) throw new Error(`chatops answered ${response.status}`);
    return text;
  };
  for (let round = 0; round < rounds; round += 1) {
    await sayAll(say, ids[round % jobs] ?? '', await consentable(world));
  }
  const broken = await notDone(world.database);
  if (broken.length > 0) throw new Error(`not carried out: ${broken.join(', ')}`);
  const all = [...times.values()].flat();
  const params = { jobs, changes: jobs * plan.targets.length, answers: all.length };
  emit('answer-p50', quantile(all, 0.5), 'ms', params);
  emit('answer-p99', quantile(all, 0.99), 'ms', { ...params, limit: limitMs });
  for (const [command, own] of times) {
    emit('answer-p99-of', quantile(own, 0.99), 'ms', { ...params, command, limit: limitMs });
  }
  await world.close();
  const slow = [...times].filter(([, own]) => quantile(own, 0.99) > limitMs);
  if (slow.length > 0) throw new Error(`slower than ${limitMs} ms: ${slow.map(([name]) => name)}`);
}

/** Every command once, the verbs on a large job, consent and cancellation on one of a single change. */
async function sayAll(
  say: (command: string, user?: string) => Promise<string>,
  id: string,
  small: string,
): Promise<void> {
  await say('help');
  await say('status');
  await say('jobs');
  await say(`status ${id}`);
  await say('status job_x', chatUsers.viewer);
  await say(`pause ${id} a look`);
  await say(`resume ${id}`);
  await say('preview nightly');
  await say('run nightly');
  await say('rotate region=cn-hangzhou tag:env=prod');
  const frozen = await say('freeze region:cn-hangzhou for 2h the audit');
  await say(`unfreeze ${/unfreeze (chat-[0-9a-f]{8})/.exec(frozen)?.[1]}`);
  await say(`approve ${small}`, chatUsers.approver);
  await say(`reject ${small} not now`, chatUsers.approver);
  const [made] = /job_\w+/.exec(await say('run nightly')) ?? [];
  await say(`cancel ${made} wrong fleet`);
}

type Schedules = Pick<ReturnType<typeof createTestChat>['chats'], 'schedules' | 'sealer'>;

async function putSchedule({ schedules, sealer }: Schedules): Promise<void> {
  const [connection] = connectionsOf(mainFleet);
  const { window: _, ...plan } = planFor(connection === undefined ? [] : [connection]);
  await schedules.put(
    {
      name: 'nightly',
      cron: '30 2 * * 0',
      timeZone: 'Europe/Berlin',
      enabled: false,
      overlap: 'queue',
      minAge: null,
      updatedBy: 'bench',
      plan: storedPlanOf(sealer, 'nightly', plan),
    },
    () => null,
  );
}

/** A job of one change as it stands while it waits for consent; no worker is there to resolve it. */
async function consentable({ submit, database }: World): Promise<string> {
  const { id } = await submit(planFor(connectionsOf(mainFleet).slice(0, 1)));
  await database.query(
    `UPDATE lanekeeper.job SET state = 'awaiting_approval', plan_digest = $2, approvals_required = 1,
            approve_by = lanekeeper.now() + interval '7 days' WHERE id = $1`,
    [id, 'a1'.repeat(32)],
  );
  return id;
}

/** Verbs that came to something else than what was asked. */
async function notDone(database: Database): Promise<readonly string[]> {
  const rows = await database.query(
    "SELECT DISTINCT operation, outcome FROM lanekeeper.audit WHERE outcome NOT IN ('done', 'pending')",
  );
  return rows.map(({ operation, outcome }) => `${operation}: ${outcome}`);
}
