import { checkApproval, rejectJob } from '../approval/consent.ts';
import type { Freeze, FreezeStore } from '../freeze/freeze.ts';
import { parseFreeze } from '../freeze/freeze.ts';
import type { ApprovalStore } from '../job/approval.ts';
import type { JobVerbs, Verb } from '../job/job-verbs.ts';
import type { JobRecord } from '../job/record.ts';
import { isFinalJob } from '../job/state.ts';
import { type SubmitJobDeps, submitJob } from '../job/submit-job.ts';
import type { LaneStore } from '../lane/lane-store.ts';
import type { WorkerWaker } from '../lane/worker-waker.ts';
import { parsePlan } from '../plan/parse-plan.ts';
import { type PlanContext, planContextOf } from '../plan/plan-context.ts';
import type { Plan } from '../plan/schema.ts';
import { digestOf } from '../platform/canonical.ts';
import type { Clock } from '../platform/clock.ts';
import { AppError, toAppError } from '../platform/errors.ts';
import { parseInput, Reason } from '../platform/http/input.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import { jobBodyOf } from '../progress/job-body.ts';
import { type RunScheduleDeps, runSchedule } from '../schedule/run-schedule.ts';
import { aCardOf, type Card } from './card.ts';
import type { ChatStore, Room } from './chat-store.ts';
import type { Command } from './command.ts';
import { findMeantJob, findMeantSchedule } from './find-meant.ts';
import { jobCardOf, jobLineOf } from './job-card.ts';
import { asWordFaults, rotatePlanOf } from './rotate-plan.ts';
import { wakeBriefly } from './wake-briefly.ts';

/** What commands are carried out with: the same as what answers the same requests over HTTP. */
export interface CommandDeps extends SubmitJobDeps, RunScheduleDeps {
  verbs: JobVerbs;
  approvals: ApprovalStore;
  freezes: FreezeStore;
  lanes: Pick<LaneStore, 'repair'>;
  waker: WorkerWaker;
  chats: ChatStore;
  clock: Clock;
  random: Random;
}

/** Who says it, where, and under what name of the event. */
export interface Speech {
  actor: string;
  room: Room;
  /** The user as the platform names him. */
  user: string;
  /** Names what was said once and for all; null where the platform does not. */
  eventId: string | null;
  /** Where the API was asked, for links; null when it is not known. */
  origin: string | null;
  /** Whether cards can be sent to the room later. */
  canFollow: boolean;
  /** What the audit has it by. */
  operation: string;
  address: string | null;
  requestId: string;
  logger: Logger;
}

/** What a command came to. */
export interface Answer {
  card: Card;
  /** The job that it was about, and the freeze that it made. */
  jobId: string | null;
  freeze: string | null;
  /** Whether it is done, or still to be done by a worker. */
  outcome: 'done' | 'pending';
}

/** An answer that is all there was to do. */
function answered(card: Card, made: { jobId?: string; freeze?: string } = {}): Answer {
  return { card, jobId: null, freeze: null, outcome: 'done', ...made };
}

type Of<Name extends Command['name']> = Extract<Command, { name: Name }>;

/**
 * Carries a command out that its actor may give. Raises what the same request over HTTP would raise, and `not_found` with
 * what was probably meant.
 */
export function runCommand(
  deps: CommandDeps,
  speech: Speech,
  command: Exclude<Command, { name: 'help' }>,
): Promise<Answer> {
  switch (command.name) {
    case 'status':
      return command.job === null ? overview(deps) : showJob(deps, speech, command.job);
    case 'jobs':
      return listJobs(deps);
    case 'preview':
      return preview(deps, speech, command.schedule);
    case 'rotate':
      return rotate(deps, speech, command);
    case 'run':
      return run(deps, speech, command);
    case 'approve':
    case 'reject':
      return decide(deps, speech, command);
    case 'freeze':
      return freeze(deps, speech, command);
    case 'unfreeze':
      return unfreeze(deps, speech, command);
    default:
      return steer(deps, speech, command);
  }
}

async function cardOf(
  { chats, clock }: CommandDeps,
  { origin }: Speech,
  job: JobRecord,
): Promise<Answer> {
  const outline = await chats.outline(job.id);
  return answered(jobCardOf(jobBodyOf(job, clock), { outline, origin }), { jobId: job.id });
}

async function showJob(deps: CommandDeps, speech: Speech, word: string): Promise<Answer> {
  const { card, ...answer } = await cardOf(deps, speech, await findMeantJob(deps.jobs, word));
  return { ...answer, card: { ...card, audience: 'user' } };
}

const shownJobs = 10;

async function listJobs({ jobs, clock }: CommandDeps): Promise<Answer> {
  const recent = await jobs.list({ states: null, limit: shownJobs, before: null });
  const lines = recent.map((job) => jobLineOf(jobBodyOf(job, clock)));
  const card = aCardOf({
    title: 'Latest jobs',
    lines: lines.length > 0 ? lines : ['There is none yet.'],
  });
  return answered(card);
}

async function overview({ jobs, freezes, clock }: CommandDeps): Promise<Answer> {
  const [recent, frozen] = await Promise.all([
    jobs.list({
      states: ['resolving', 'awaiting_approval', 'waiting_for_window', 'running', 'paused'],
      limit: shownJobs + 1,
      before: null,
    }),
    freezes.list(),
  ]);
  const shown = recent.slice(0, shownJobs).map((job) => jobLineOf(jobBodyOf(job, clock)));
  const more = recent.length > shownJobs ? ['And more; the list of jobs has them all.'] : [];
  const card = aCardOf({
    title: 'What is going on',
    tone: frozen.length > 0 ? 'warning' : 'plain',
    lines: [
      ...(shown.length > 0 ? shown : ['No job is under way.']),
      ...more,
      ...frozen.map(freezeLineOf),
    ],
  });
  return answered(card);
}

function freezeLineOf({ name, scope, until, reason }: Freeze): string {
  return `Frozen until ${until}: ${scope} (${name}): ${reason}`;
}

async function preview(deps: CommandDeps, speech: Speech, word: string): Promise<Answer> {
  const { name } = await findMeantSchedule(deps.schedules, word);
  if (!speech.canFollow) {
    throw new AppError(
      'conflict',
      'nothing can be sent to this room later: its credentials are not configured',
    );
  }
  await deps.chats.leave({ kind: 'preview', room: speech.room, schedule: name, previewId: null });
  await wake(deps, speech, `preview-${name}`);
  const lines = [`What a run of ${name} would do is being worked out; it follows here.`];
  return answered(aCardOf({ title: 'Preview', lines }));
}

/** Wakes a worker for what was just stored; each event is a cause of its own. */
function wake(deps: CommandDeps, { eventId, logger }: Speech, cause: string): Promise<void> {
  const once =
    eventId === null ? deps.random.bytes(8).toString('hex') : digestOf(eventId).slice(0, 32);
  return wakeBriefly(deps, `chat-${digestOf(cause).slice(0, 8)}-${once}`, logger);
}

/** The key under which the platform's repetition of an event finds the same job. */
function idempotencyKeyOf({ room, eventId }: Speech): string | null {
  return eventId === null ? null : `chat-${digestOf([room.platform, eventId]).slice(0, 48)}`;
}

async function rotate(deps: CommandDeps, speech: Speech, { words }: Of<'rotate'>): Promise<Answer> {
  const plan = planOfWords(rotatePlanOf(words, [...deps.sinkNames]), planContextOf(deps));
  const { job } = await submitJob(deps, {
    actor: speech.actor,
    plan,
    idempotencyKey: idempotencyKeyOf(speech),
  });
  return accepted(deps, speech, job);
}

function planOfWords(json: unknown, context: PlanContext): Plan {
  try {
    return parsePlan(json, context);
  } catch (error) {
    const { code, faults } = toAppError(error);
    throw code === 'invalid_plan' ? asWordFaults(faults) : error;
  }
}

async function run(deps: CommandDeps, speech: Speech, { schedule }: Of<'run'>): Promise<Answer> {
  const { name } = await findMeantSchedule(deps.schedules, schedule);
  const { actor } = speech;
  const idempotencyKey = idempotencyKeyOf(speech);
  const { job } = await runSchedule(deps, { name, actor, idempotencyKey });
  return accepted(deps, speech, job);
}

async function accepted(deps: CommandDeps, speech: Speech, job: JobRecord): Promise<Answer> {
  const { logger, room, origin, canFollow } = speech;
  logger.info('job accepted', { jobId: job.id, total: job.total, kind: room.platform });
  if (canFollow) await deps.chats.follow(job.id, room, origin);
  await wakeBriefly(deps, job.id, logger);
  const lines = [
    `${job.title}: accepted as ${job.id}.`,
    ...(canFollow ? ['Its card follows.'] : []),
  ];
  return answered(aCardOf({ title: 'Accepted', lines, audience: 'room' }), { jobId: job.id });
}

async function decide(
  deps: CommandDeps,
  speech: Speech,
  command: Of<'approve'> | Of<'reject'>,
): Promise<Answer> {
  const job = await findMeantJob(deps.jobs, command.job);
  const digest = job.planDigest;
  if (digest === null) throw new AppError('conflict', 'the job is not resolved yet');
  if (command.name === 'approve' && command.digest !== null && !isSame(digest, command.digest)) {
    throw new AppError('conflict', 'the plan is another one by now; look at its new card');
  }
  const { actor, logger } = speech;
  const consent = { actor, digest, reason: reasonOf(command.reason ?? 'by chat') };
  const known = await (command.name === 'reject'
    ? rejectJob(deps, job.id, consent)
    : checkApproval(deps, job.id, consent));
  logger.info(`job ${command.name}`, { jobId: job.id, actor });
  if (known === null) return compareLater(deps, speech, { jobId: job.id, ...consent });
  await wake(deps, speech, `${command.name}-${job.id}`);
  return cardOf(deps, speech, known);
}

/** An approval is compared with the cloud, which takes longer than an answer may: a worker does it and tells the room. */
async function compareLater(
  deps: CommandDeps,
  speech: Speech,
  consent: { jobId: string; actor: string; digest: string; reason: string },
): Promise<Answer> {
  const { room, user, operation, address, requestId } = speech;
  const asked = { operation, address, requestId };
  await deps.chats.leave({ kind: 'approve', room, user, ...consent, ...asked });
  await wake(deps, speech, `approve-${consent.jobId}`);
  const lines = ['The plan is compared with the cloud once more; what comes of it follows here.'];
  const card = aCardOf({ title: 'Approving', lines, audience: 'room' });
  return { ...answered(card, { jobId: consent.jobId }), outcome: 'pending' };
}

const leastDigits = 8;

function isSame(digest: string, given: string): boolean {
  return given.length >= leastDigits && digest.startsWith(given.toLowerCase());
}

async function steer(deps: CommandDeps, speech: Speech, command: Of<Verb>): Promise<Answer> {
  const { actor, logger } = speech;
  const { id } = await findMeantJob(deps.jobs, command.job);
  const reason = reasonOf(command.reason ?? 'by chat');
  const outcome = await deps.verbs.order(id, command.name, { actor, reason });
  if (outcome.kind === 'not_found') throw new AppError('not_found', 'there is no such job');
  if (outcome.kind === 'conflict') {
    const end = isFinalJob(outcome.state) ? 'has ended' : `is ${outcome.state}`;
    throw new AppError('conflict', `the job ${end}; it is too late for ${command.name}`);
  }
  logger.info(`job ${command.name}`, { jobId: id, actor });
  // Lanes that were free for others, or for this job again, should not wait for the timer.
  if (command.name !== 'pause') await wake(deps, speech, `${command.name}-${id}`);
  return cardOf(deps, speech, outcome.job);
}

async function freeze(
  { freezes, clock, random, ...deps }: CommandDeps,
  speech: Speech,
  { scope, forMs, reason }: Of<'freeze'>,
): Promise<Answer> {
  const now = clock.now();
  const until = new Date(now + forMs).toISOString();
  const input = parseFreeze({ scope, until, reason }, now);
  const name = `chat-${random.bytes(4).toString('hex')}`;
  const made = await freezes.put({ ...input, name, createdBy: speech.actor });
  speech.logger.info('scope frozen', { freeze: name, scope, until });
  await rouse({ ...deps, freezes, clock, random }, speech);
  const lines = [freezeLineOf(made), `To end it: unfreeze ${name}`];
  return answered(aCardOf({ title: 'Frozen', tone: 'warning', lines, audience: 'room' }), {
    freeze: name,
  });
}

async function unfreeze(
  deps: CommandDeps,
  speech: Speech,
  { freeze: name }: Of<'unfreeze'>,
): Promise<Answer> {
  if (!(await deps.freezes.remove(name))) {
    const known = (await deps.freezes.list()).map((one) => one.name);
    const there = known.length > 0 ? `; there are ${known.slice(0, shownJobs).join(', ')}` : '';
    throw new AppError('not_found', `there is no freeze of that name${there}`);
  }
  speech.logger.info('scope unfrozen', { freeze: name });
  await rouse(deps, speech);
  return answered(aCardOf({ title: 'Unfrozen', lines: [`${name} has ended.`], audience: 'room' }));
}

/** Lets lanes go on that a freeze had stopped. */
async function rouse(deps: CommandDeps, speech: Speech): Promise<void> {
  const { roused } = await deps.lanes.repair();
  if (roused > 0) await wake(deps, speech, 'freeze');
}

function reasonOf(text: string): string {
  return parseInput(Reason, text, 'the reason has a fault');
}
