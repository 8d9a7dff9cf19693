import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';

/** A waker, and how often workers were started by it. */
export interface WakerSubject {
  waker: WorkerWaker;
  /** Workers started so far, those that will start later not among them. */
  started(): number;
  close(): Promise<void>;
}

/** What every waker does, whatever carries it. */
export function describeWaker(name: string, open: () => Promise<WakerSubject>): void {
  describe(`the waker ${name}`, () => {
    let subject: WakerSubject;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.close());

    it('starts a worker', async () => {
      await subject.waker.wake({ delaySeconds: 0, cause: 'job_1' });

      expect(subject.started()).toBe(1);
    });

    it('starts another for another cause', async () => {
      await subject.waker.wake({ delaySeconds: 0, cause: 'job_1' });
      await subject.waker.wake({ delaySeconds: 0, cause: 'job_2' });

      expect(subject.started()).toBe(2);
    });

    it('takes the same hint twice, without another worker or with one', async () => {
      await subject.waker.wake({ delaySeconds: 0, cause: 'job_1' });
      await subject.waker.wake({ delaySeconds: 0, cause: 'job_1' });

      expect(subject.started()).toBeGreaterThanOrEqual(1);
    });

    it('takes a hint for later, also for much later, without starting a worker now', async () => {
      await subject.waker.wake({ delaySeconds: 20, cause: 'run_1' });
      await subject.waker.wake({ delaySeconds: 86_400, cause: 'run_2' });

      expect(subject.started()).toBe(0);
    });
  });
}
