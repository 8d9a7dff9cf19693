import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NoticeReceiver } from '../../../shared/notice/notice-webhook.ts';
import { noticesIn, webhookTo } from '../../helpers/chat-platforms.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { planOf } from './fleet.ts';
import { type NotifiedWorld, names, openNotified } from './notified.ts';

/** The longest time that a receiver may be given. */
const timeoutMs = 60_000;

/** A receiver that takes every notice and never answers. */
function silent(world: VirtualWorld, asked: string[]): NoticeReceiver {
  return {
    name: 'silent',
    events: null,
    async tell({ kind }) {
      asked.push(kind);
      await world.clock.sleep(timeoutMs);
      return { kind: 'failed', code: 'unreachable', isRetryable: true, retryInMs: null };
    },
  };
}

/** More notices at once than a worker sends. */
const jobs = 6;

describe.each([[1], [4]])(
  'beside receivers that never answer, %i changes at once',
  (concurrency) => {
    const database = withPostgres();
    let there: NotifiedWorld;

    beforeEach(async () => {
      there = await openNotified(database, { concurrency });
    });
    afterEach(() => there.close());

    /** How long jobs take from the first start to the last end. */
    async function timed(algorithm: string, receivers: readonly NoticeReceiver[]): Promise<number> {
      const { world, receiver } = there;
      const notify = { ops: webhookTo(receiver) };
      const { sendNotice } = await noticesIn(world, database, { notify, receivers });
      const beganAt = world.clock.now();
      const set = { IkeConfig: { IkeEncAlg: algorithm } };
      const submitted = await Promise.all(
        Array.from({ length: jobs }, (_, job) =>
          world.submit(
            planOf([names[job % names.length] ?? ''], { set: { ...set, Name: `n${job}` } }),
          ),
        ),
      );
      await world.drain(world.worker({ sendNotice }), 300_000);
      const ended = await Promise.all(submitted.map(({ id }) => world.jobs.get(id)));
      expect(ended.map((job) => job?.state)).toEqual(ended.map(() => 'succeeded'));
      return Math.max(...ended.map((job) => Date.parse(job?.finishedAt ?? ''))) - beganAt;
    }

    it('changes go on as if nobody were told', { timeout: 90_000 }, async () => {
      const quiet = await timed('aes256', []);
      const asked: string[] = [];
      const disturbed = await timed('aes192', [silent(there.world, asked)]);

      expect(asked.filter((kind) => kind === 'started').length).toBeGreaterThan(4);
      expect(disturbed).toBeLessThan(quiet * 1.1);
    });
  },
);
