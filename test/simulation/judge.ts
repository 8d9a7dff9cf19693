import type { RecordSnapshot } from '../../local/simulator/record.ts';
import type { WriteRecord } from '../../local/simulator/writes.ts';
import { isFinalChange } from '../../shared/change/state.ts';
import type { ChangeView, StoredEvent } from '../../shared/job/job-store.ts';
import { countedRollout, type JobRecord } from '../../shared/job/record.ts';
import type { Verification } from '../../shared/journal/verification.ts';
import { notKeptApart } from './judge-redundancy.ts';
import { type RotationRemains, wronglyRotated } from './judge-rotation.ts';
import type { Submission } from './worlds.ts';

/** A change as it was left, with its journal. */
export interface JudgedChange extends ChangeView {
  /** Its job's place in the order of acceptance. */
  position: number;
  events: readonly StoredEvent[];
}

/** What a run left behind. */
export interface Remains {
  jobs: readonly JobRecord[];
  /** In the order in which they were to be carried out. */
  changes: readonly JudgedChange[];
  /** What the service itself says of each job; null where it was not sealed. */
  verifications: ReadonlyMap<string, Verification | null>;
  submissions: readonly Submission[];
  /** By key, the jobs that its client heard of. */
  heard: ReadonlyMap<string, readonly string[]>;
  record: Pick<RecordSnapshot, 'writes' | 'overlaps' | 'tunnelOverlaps'>;
  rotation: RotationRemains;
  /** By connection, `IpsecLifetime` of the connection, or of each of its tunnels. */
  shown: ReadonlyMap<string, readonly number[]>;
  /** Tokens of writes that arrived after their senders had given them up. */
  stragglers: ReadonlySet<string>;
  surprises: readonly string[];
}

/** Everything that contradicts the promises, each as a sentence; empty when they held. The cloud's own record is the judge. */
export function judge(remains: Remains): readonly string[] {
  const writes = ownWrites(remains).filter((write) => !isBeyondReach(remains, write));
  return [
    ...remains.surprises,
    ...overlaps(remains),
    ...unfinished(remains),
    ...miscounted(remains),
    ...wrongJobs(remains),
    ...wrongWrites(remains, writes),
    ...outOfOrder(writes),
    ...wrongJournals(remains, writes),
    ...unverified(remains),
    ...wrongValues(remains, writes),
    ...tooManyAtOnce(remains, writes),
    ...notKeptApart(remains, writes),
    ...wronglyRotated(
      remains.rotation,
      ownWrites(remains).map(({ write, change }) => ({
        write,
        acceptsOutage: change !== null && acceptsOutage(remains, change),
      })),
    ),
  ];
}

function acceptsOutage({ heard, submissions }: Remains, { jobId }: JudgedChange): boolean {
  const submission = submissions.find(({ key }) => heard.get(key)?.includes(jobId));
  return submission?.plan.acceptOutage === true;
}

/** Whatever the cloud's record says, the service has to say the same of itself: that every promise held. */
function unverified({ verifications }: Remains): string[] {
  return [...verifications].flatMap(([jobId, verification]) => {
    if (verification === null) return [`job ${jobId} was not sealed`];
    const broken = verification.checks.filter(({ holds }) => !holds);
    return broken.map(
      ({ promise, text, broken: how }) =>
        `job ${jobId} says of itself, ${promise} (${text}): ${how.join('; ')}`,
    );
  });
}

/** A write of ours that changed something, with what it was for. */
interface OwnWrite {
  write: WriteRecord;
  /** Null when no journal tells of its request. */
  change: JudgedChange | null;
  part: string;
}

function ownWrites({ changes, record }: Remains): readonly OwnWrite[] {
  const prepared = new Map(
    changes.flatMap((change) =>
      preparedIn(change).map(({ token, part }) => [token, { change, part }] as const),
    ),
  );
  return record.writes
    .filter(({ source, effective }) => source === 'api' && effective)
    .map((write) => {
      const known = prepared.get(write.clientToken ?? '');
      return { write, change: known?.change ?? null, part: known?.part ?? '' };
    });
}

/**
 * A request that was held up on its way until its change had failed without any other sending getting through: the cloud
 * takes no epoch and had not seen the token, so that nothing can keep it out (docs/architecture.md, "What is left").
 */
function isBeyondReach({ stragglers }: Remains, { write, change }: OwnWrite): boolean {
  if (change?.state !== 'failed' || change.finishedAt === null) return false;
  const cameLater = write.acceptedAt >= Date.parse(change.finishedAt);
  return cameLater && stragglers.has(write.clientToken ?? '');
}

/** The requests that a change stored before they were sent. */
function preparedIn({ events }: JudgedChange): { token: string; part: string }[] {
  return events.flatMap(({ kind, data }) => {
    if (kind !== 'prepared') return [];
    const way = data.direction === 'back' ? ', on the way back' : '';
    return [{ token: String(data.clientToken), part: `${data.part ?? 'connection'}${way}` }];
  });
}

function isOfConsole(requestId: string): boolean {
  return requestId.startsWith('console-');
}

function overlaps({ record }: Remains): string[] {
  const ofWrites = record.overlaps
    .filter(({ firstRequestId, secondRequestId }) =>
      [firstRequestId, secondRequestId].every((id) => !isOfConsole(id)),
    )
    .map(({ scope, at }) => `two changes were in flight at once on ${scope} at ${at}`);
  const ofTunnels = record.tunnelOverlaps
    .filter(({ requestIds }) => requestIds.every((id) => !isOfConsole(id)))
    .map(({ vpnConnectionId }) => `both tunnels of ${vpnConnectionId} were in flight at once`);
  return [...ofWrites, ...ofTunnels];
}

function unfinished({ jobs, changes }: Remains): string[] {
  return [
    ...jobs
      .filter(({ finishedAt }) => finishedAt === null)
      .map(({ id, state }) => `job ${id} is still ${state}`),
    ...changes
      .filter(({ state }) => !isFinalChange(state))
      .map(({ id, state, step }) => `change ${id} is still ${state}, at ${step}`),
  ];
}

function miscounted({ jobs, changes }: Remains): string[] {
  return jobs.flatMap(({ id, counts, total }) => {
    const own = changes.filter(({ jobId }) => jobId === id);
    const wrong = Object.entries(counts).filter(
      ([name, count]) => own.filter(({ state }) => state === name).length !== count,
    );
    return [
      ...wrong.map(([name, count]) => `job ${id} counts ${count} ${name}, wrongly`),
      ...(total === own.length ? [] : [`job ${id} has ${own.length} changes instead of ${total}`]),
    ];
  });
}

/** Each key made one job, and all who used it heard of that one. */
function wrongJobs({ jobs, submissions, heard }: Remains): string[] {
  const missing = submissions
    .filter(({ key }) => new Set(heard.get(key)).size !== 1)
    .map(({ key }) => `${key} found the jobs ${heard.get(key)?.join(', ') || 'none'}`);
  // What is refuted after its job's end is taken back by a job that nobody submitted.
  const asked = jobs.filter(({ rollbackOf }) => rollbackOf === null);
  const isRight = asked.length === submissions.length;
  return isRight ? missing : [...missing, `${submissions.length} plans made ${asked.length} jobs`];
}

/** Each request of a change takes effect once at most, and only where the change says that it may have. */
function wrongWrites({ changes }: Remains, writes: readonly OwnWrite[]): string[] {
  const seen = new Set<string>();
  const ofWrites = writes.flatMap(({ write, change, part }) => {
    if (change === null) return [`the write ${write.requestId} is in no journal`];
    const name = `${change.id} ${part}`;
    const isSecond = seen.has(name);
    seen.add(name);
    return isSecond ? [`${name} took effect a second time`] : [];
  });
  const ofChanges = changes.flatMap(({ id, state }) => {
    const own = writes.filter(({ change }) => change?.id === id).length;
    if (state === 'succeeded' && own === 0) return [`${id} succeeded without a write`];
    const isUntouched = state === 'unchanged' || state === 'cancelled' || state === 'skipped';
    return isUntouched && own > 0 ? [`${id} is ${state} and was written`] : [];
  });
  return [...ofWrites, ...ofChanges];
}

function isBefore(a: JudgedChange, b: JudgedChange): boolean {
  return a.position === b.position ? a.seq < b.seq : a.position < b.position;
}

/** On each connection, in the order of acceptance and then of the plan. */
function outOfOrder(writes: readonly OwnWrite[]): string[] {
  const last = new Map<string, JudgedChange>();
  return writes.flatMap(({ change }) => {
    if (change === null) return [];
    const before = last.get(change.vpnConnectionId);
    last.set(change.vpnConnectionId, change);
    return before && isBefore(change, before)
      ? [`${change.id} was written after ${before.id}`]
      : [];
  });
}

/** What the journal calls accepted the cloud has accepted, and what the cloud has done the journal knows of. */
function wrongJournals({ changes, record }: Remains, writes: readonly OwnWrite[]): string[] {
  const accepted = new Set(
    record.writes.flatMap(({ outcome, clientToken }) =>
      outcome === 'refused' ? [] : (clientToken ?? []),
    ),
  );
  return changes.flatMap((change) => {
    let token = '';
    const lies: string[] = [];
    for (const { kind, data } of change.events) {
      if (kind === 'prepared') token = String(data.clientToken);
      if (kind === 'accepted' && !accepted.has(token))
        lies.push(`${change.id} says accepted, the cloud does not`);
    }
    const ends = change.events.filter(({ kind }) => kind === 'finished').length;
    if (ends !== 1) lies.push(`${change.id} ended ${ends} times`);
    const numbers = change.events.map(({ number }) => number);
    if (numbers.some((number, index) => number !== index + 1))
      lies.push(`the journal of ${change.id} has gaps: ${numbers.join(' ')}`);
    const applied = change.events.filter(({ kind }) => kind === 'part_applied').length;
    const own = writes.filter((write) => write.change?.id === change.id).length;
    if (applied > own) lies.push(`${change.id} saw ${applied} parts applied, the cloud ${own}`);
    return lies;
  });
}

/** The last change that succeeded on a connection stands, unless something came after it. */
function wrongValues(remains: Remains, writes: readonly OwnWrite[]): string[] {
  return [...remains.shown].flatMap(([id, values]) => {
    const last = remains.changes.findLast(
      ({ vpnConnectionId, state }) => vpnConnectionId === id && state === 'succeeded',
    );
    if (last === undefined) return [];
    const own = writes.filter(({ change }) => change?.id === last.id);
    const end = Math.max(...own.map(({ write }) => write.acceptedAt));
    const isOverwritten = remains.record.writes.some(
      (write) =>
        write.vpnConnectionId === id &&
        write.effective &&
        write.acceptedAt >= end &&
        !own.some((each) => each.write === write),
    );
    const wanted = lifetimeOf(remains, last);
    if (wanted === null || isOverwritten || values.every((value) => value === wanted)) return [];
    return [`${id} shows ${values.join(' and ')} after ${last.id}, which set ${wanted}`];
  });
}

function lifetimeOf({ heard, submissions }: Remains, { jobId }: JudgedChange): number | null {
  const submission = submissions.find(({ key }) => heard.get(key)?.includes(jobId));
  return submission?.lifetime ?? null;
}

/** Of one job, as many as its plan allows are in flight at most. Failed changes may be in flight beyond their end. */
function tooManyAtOnce(remains: Remains, writes: readonly OwnWrite[]): string[] {
  return remains.jobs.flatMap(({ id, total }) => {
    const submission = remains.submissions.find(({ key }) => remains.heard.get(key)?.includes(id));
    if (submission === undefined) return [];
    const { maxInFlight } = countedRollout(submission.plan.rollout, total ?? 0);
    const own = writes.filter(({ change }) => change?.jobId === id && change.state === 'succeeded');
    const most = Math.max(
      0,
      ...own.map(
        ({ write: { acceptedAt } }) =>
          own.filter(
            ({ write }) => write.acceptedAt <= acceptedAt && (write.settledAt ?? 0) > acceptedAt,
          ).length,
      ),
    );
    return most > maxInFlight ? [`job ${id} had ${most} in flight instead of ${maxInFlight}`] : [];
  });
}
