import { ChangeList } from '../../../shared/progress/change-body.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import type { TestDatabase } from '../../helpers/databases.ts';
import { aPlan, aTarget } from '../../helpers/factories.ts';

/** The API with what tests of jobs that follow others do all the time. */
export function anAppOfJobs(database: TestDatabase) {
  const { app, post, get, wakes, sealer } = createTestApp(database);
  const call = (
    path: string,
    {
      token = bearer.operator,
      body,
      headers = {},
    }: {
      token?: string;
      body?: unknown;
      headers?: Record<string, string>;
    } = {},
  ) =>
    app.fetch(
      new Request(`http://lanekeeper.test/v1/jobs/${path}`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  const submit = async (plan: unknown = aPlan({ targets: [0, 1, 2].map((n) => aTarget(n)) })) =>
    JobBody.parse(await (await post(plan)).json()).id;
  /** A job that was cancelled after its first change had succeeded. */
  const ended = async (plan?: unknown): Promise<string> => {
    const id = await submit(plan);
    await database.query(
      `WITH c AS (UPDATE lanekeeper.change SET state = 'succeeded', finished_at = lanekeeper.now()
                   WHERE job_id = $1 AND seq = 0 RETURNING 1)
       UPDATE lanekeeper.job SET queued = queued - 1, succeeded = 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM c)`,
      [id],
    );
    await call(`${id}/cancel`, { body: { reason: 'not now' } });
    return id;
  };
  const changesOf = async (jobId: string) =>
    ChangeList.parse(await (await get(`/v1/jobs/${jobId}/changes`)).json()).items;
  return { call, submit, ended, changesOf, get, wakes, sealer };
}
