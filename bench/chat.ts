import { systemClock as clock } from '../shared/platform/clock.ts';
import { createTestChat, slackRequest, slashCommand } from '../test/helpers/chat.ts';
import { type Emit, quantile } from './lib/figures.ts';
import { connectionsOf, mainFleet, openWorld, planFor } from './lib/world.ts';

const jobs = 10;
const rounds = 50;
/** What a platform waits for; the figure that is asked for is a tenth of it. */
const patienceMs = 3_000;

/** Answers to a chat platform, signature to response, while jobs of a fleet are stored. Nothing in them can reach a cloud. */
export async function chat(emit: Emit): Promise<void> {
  const world = await openWorld('postgres');
  const plan = planFor(connectionsOf(mainFleet));
  const ids: string[] = [];
  for (let job = 0; job < jobs; job += 1) ids.push((await world.submit(plan)).id);
  const { app } = createTestChat(world.database);
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    const id = ids[round % jobs] ?? '';
    const commands = [
      'help',
      'status',
      'jobs',
      `status ${id}`,
      'status job_x',
      `pause ${id} a look`,
      `resume ${id}`,
      'freeze region:cn-hangzhou for 2h the audit',
    ];
    for (const command of commands) {
      const request = slackRequest(slashCommand(command));
      const startedAt = clock.monotonic();
      const response = await app.fetch(request);
      await response.text();
      const name = command.split(' ')[0] ?? '';
      times.set(name, [...(times.get(name) ?? []), clock.monotonic() - startedAt]);
      if (response.status !== 200) throw new Error(`chatops answered ${response.status}`);
    }
  }
  const all = [...times.values()].flat();
  const params = { jobs, changes: jobs * plan.targets.length, answers: all.length, patienceMs };
  emit('answer-p50', quantile(all, 0.5), 'ms', params);
  emit('answer-p99', quantile(all, 0.99), 'ms', params);
  for (const [command, own] of times) {
    emit('answer-p99-of', quantile(own, 0.99), 'ms', { ...params, command });
  }
  await world.close();
}
