import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../auth/gate.ts';
import type { JobStore } from '../job/job-store.ts';
import { isFinalJob } from '../job/state.ts';
import type { JournalPlace, JournalStore } from '../journal/journal-store.ts';
import { jsonResponse } from '../platform/http/app.ts';
import { parseQuery } from '../platform/http/query.ts';
import type { KeyringStore } from '../secret/keyring-store.ts';
import { PublicKey, publicKeysOf } from '../secret/signing-key.ts';
import { findJob } from './find-job.ts';
import { jobPath } from './job-body.ts';
import { JournalQuery, journalCursorOf } from './list-query.ts';

export interface JournalDeps {
  jobs: JobStore;
  journal: JournalStore;
  keyring: KeyringStore;
}

/** The public keys of the service: a JSON Web Key Set (RFC 7517). */
export const KeySet = z
  .strictObject({ keys: z.array(PublicKey).describe('Empty until the first job was sealed.') })
  .meta({ id: 'KeySet' });

/** What `GET …/verification` says while there is nothing to say. */
export const PendingVerification = z
  .strictObject({ jobId: z.string(), state: z.string().describe('Where the job stands.') })
  .meta({ id: 'PendingVerification' });

/** Function Compute takes no longer answers than 6 MiB. */
const pageBytes = 4 * 1024 * 1024;
/** Rows asked for at once, so that a page that is cut by its bytes was not read in vain. */
const chunkSize = 2_000;
const verifiedAfterSeconds = 1;

/** The reads of a job's journal, and of what it is checked with. */
export function journalRoutes(deps: JournalDeps): readonly GatedRoute[] {
  const read = { method: 'GET', action: 'read' } as const;
  const job = '/v1/jobs/:jobId';
  return [
    { ...read, path: `${job}/journal`, handle: (call) => getJournal(deps, call) },
    { ...read, path: `${job}/verification`, handle: (call) => getVerification(deps, call) },
    { ...read, path: '/v1/keys', handle: () => getKeys(deps) },
  ];
}

async function getJournal(deps: JournalDeps, call: ActorCall): Promise<Response> {
  const { limit, cursor } = parseQuery(call.url, JournalQuery);
  const { id: jobId } = await findJob(deps, call);
  const { lines, next } = await readPage(deps.journal, { jobId, after: cursor ?? null, limit });
  const headers: Record<string, string> = { 'Content-Type': 'application/x-ndjson' };
  if (next !== null) {
    const query = new URLSearchParams({ limit: String(limit), cursor: journalCursorOf(next) });
    headers.Link = `<${jobPath(jobId)}/journal?${query}>; rel="next"`;
  }
  return new Response(lines.join(''), { headers });
}

/** As many lines as fit, and where the next page begins; the last page of a sealed job ends with its seal. */
async function readPage(
  journal: JournalStore,
  { jobId, after, limit }: { jobId: string; after: JournalPlace | null; limit: number },
): Promise<{ lines: readonly string[]; next: JournalPlace | null }> {
  // Read before the events: a seal never stands behind fewer events than it is over.
  const sealed = await journal.getSealed(jobId);
  const sealLine = sealed && lineOf({ seal: sealed.seal, signature: sealed.signature });
  const lines: string[] = [];
  let bytes = sealLine === null ? 0 : Buffer.byteLength(sealLine);
  let last = after;
  for (;;) {
    const wanted = Math.min(chunkSize, limit - lines.length);
    const chunk = await journal.readEvents({ jobId, after: last, limit: wanted + 1 });
    for (const { place, event } of chunk.slice(0, wanted)) {
      const line = lineOf(event);
      bytes += Buffer.byteLength(line);
      if (bytes > pageBytes) return { lines, next: last };
      lines.push(line);
      last = place;
    }
    if (chunk.length <= wanted)
      return { lines: sealLine ? [...lines, sealLine] : lines, next: null };
    if (lines.length >= limit) return { lines, next: last };
  }
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

async function getVerification(deps: JournalDeps, call: ActorCall): Promise<Response> {
  const { id: jobId, state } = await findJob(deps, call);
  const sealed = await deps.journal.getSealed(jobId);
  if (sealed !== null) return jsonResponse(sealed.verification);
  const headers: Record<string, string> = isFinalJob(state)
    ? { 'Retry-After': String(verifiedAfterSeconds) }
    : {};
  return jsonResponse({ jobId, state }, { status: 202, headers });
}

async function getKeys({ keyring }: JournalDeps): Promise<Response> {
  return jsonResponse({ keys: await publicKeysOf(keyring) });
}
