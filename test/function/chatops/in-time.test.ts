import { beforeEach, describe, expect, it } from 'vitest';
import type { Chats } from '../../../functions/chatops/handler.ts';
import { createPgFreezeStore } from '../../../shared/adapters/postgres/freeze-store.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { createTestApp } from '../../helpers/apps.ts';
import { createTestChat, slackRequest, slashCommand } from '../../helpers/chat.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** A promise with its ends in hand. */
function aMoment(): { come: () => void; whenItComes: Promise<void> } {
  let come = (): void => undefined;
  const whenItComes = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { come, whenItComes };
}

describe('answers to a chat platform come in time', () => {
  const database = withPostgres();
  beforeEach(() => emptyAllTables(database));

  function aRoom(overrides: Partial<Chats>) {
    const clock = new FakeClock(new Date().toISOString());
    const { app, lines } = createTestChat(database, { clock, ...overrides });
    const say = async (text: string): Promise<string> =>
      (await app.fetch(slackRequest(slashCommand(text)))).text();
    return { clock, say, lines };
  }
  const notices = () => database.query('SELECT kind, data FROM lanekeeper.notice ORDER BY number');

  it('when waking the worker hangs', async () => {
    const asked = aMoment();
    const wake = (): Promise<never> => {
      asked.come();
      return new Promise(() => undefined);
    };
    const { clock, say } = aRoom({ waker: { wake } });
    const { id } = JobBody.parse(await (await createTestApp(database).post(aPlan())).json());
    const answer = say(`cancel ${id} wrong fleet`);
    await asked.whenItComes;
    await clock.advance(300);

    expect(await answer).toContain('Cancelled by ops: wrong fleet.');
    expect(clock.monotonic()).toBe(300);
    expect(clock.sleeping).toBe(0);
  });

  it('when the database is slow: the work goes on, and what comes of it follows', async () => {
    const [asked, free, told] = [aMoment(), aMoment(), aMoment()];
    const freezes = createPgFreezeStore(database);
    const { clock, say, lines } = aRoom({
      waker: { wake: async () => told.come() },
      freezes: {
        ...freezes,
        put: async (freeze) => {
          asked.come();
          await free.whenItComes;
          return freezes.put(freeze);
        },
      },
    });
    const answer = say('freeze all for 2h the site is down');
    await asked.whenItComes;
    await clock.advance(2_500);
    const meanwhile = await answer;
    const before = await freezes.list();
    free.come();
    await told.whenItComes;

    expect(meanwhile).toContain('Still working on it');
    expect(meanwhile).toContain('see status.');
    expect(before).toEqual([]);
    expect(await freezes.list()).toHaveLength(1);
    expect(await notices()).toMatchObject([{ kind: 'reply', data: { card: { title: 'Frozen' } } }]);
    expect(lines.join('')).toContain('answer takes longer than the platform waits');
  });
});
