import type { Clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { ChangeList } from '../../shared/progress/change-body.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import { KeySet } from '../../shared/progress/journal-routes.ts';
import type { PublicKey } from '../../shared/secret/signing-key.ts';

/** The host's HTTP API as any program uses it. Keeps every answer, to be searched for keys. */
export interface ApiClient {
  submit(plan: unknown): Promise<JobBody>;
  /** The job as it is now; the service answers 304 while it is as it was. */
  job(id: string): Promise<JobBody>;
  changes(jobId: string): Promise<ChangeList['items']>;
  /** The job's exported journal, line by line, once it is sealed; all pages. */
  sealedJournal(jobId: string): Promise<readonly string[]>;
  keys(): Promise<readonly PublicKey[]>;
  /** Every answer so far, headers included. */
  readonly answers: readonly string[];
}

interface Answer {
  status: number;
  body: string;
  tag: string;
  next: string | null;
}

interface Known {
  tag: string;
  job: JobBody;
}

const pageSize = 500;
/** A worker seals a job as soon as it has ended. */
const sealedEveryMs = 100;

export function createApiClient(url: string, token: string, clock: Clock): ApiClient {
  const answers: string[] = [];
  const known = new Map<string, Known>();
  const authorization = `Bearer ${token}`;

  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization, ...init.headers };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const body = await response.text();
    answers.push(JSON.stringify([...response.headers]), body);
    const { ok, status } = response;
    const tag = response.headers.get('etag') ?? '';
    const [, next = null] =
      /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
    if (ok || status === 304) return { status, body, tag, next };
    throw new AppError('internal', `${path} answered ${status}: ${body}`);
  }

  return {
    answers,
    async submit(plan) {
      const { body } = await ask('/v1/jobs', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(plan),
      });
      return JobBody.parse(JSON.parse(body));
    },
    async job(id) {
      const last = known.get(id);
      const headers: Record<string, string> = last ? { 'if-none-match': last.tag } : {};
      const { status, body, tag } = await ask(`/v1/jobs/${id}`, { headers });
      if (last && status === 304) return last.job;
      const job = JobBody.parse(JSON.parse(body));
      known.set(id, { tag, job });
      return job;
    },
    async changes(jobId) {
      const items: ChangeList['items'] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const from = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body } = await ask(`/v1/jobs/${jobId}/changes?limit=${pageSize}${from}`);
        const page = ChangeList.parse(JSON.parse(body));
        items.push(...page.items);
        cursor = page.nextCursor;
      }
      return items;
    },
    async sealedJournal(jobId) {
      for (let status = 202; status === 202; ) {
        ({ status } = await ask(`/v1/jobs/${jobId}/verification`));
        if (status === 202) await clock.sleep(sealedEveryMs);
      }
      const lines: string[] = [];
      for (let path: string | null = `/v1/jobs/${jobId}/journal`; path !== null; ) {
        const { body, next }: Answer = await ask(path);
        lines.push(...body.split('\n').filter((line) => line !== ''));
        path = next;
      }
      return lines;
    },
    async keys() {
      const { body } = await ask('/v1/keys');
      return KeySet.parse(JSON.parse(body)).keys;
    },
  };
}
