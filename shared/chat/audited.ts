import type { Action } from '../auth/authorize.ts';
import type { Attempt } from '../auth/watch.ts';
import type { JobStore } from '../job/job-store.ts';
import type { ChatPlatform } from '../platform/config/chat.ts';
import { toAppError } from '../platform/errors.ts';
import { isId } from '../progress/find-job.ts';
import type { Command, CommandName } from './command.ts';
import { findMeantJob } from './find-meant.ts';

/** A command that takes a role; help takes none. */
export type Order = Exclude<Command, { name: 'help' }>;

/** What each takes a role for. */
const actionOf: Readonly<Record<Exclude<CommandName, 'help'>, Action>> = {
  status: 'read',
  jobs: 'read',
  preview: 'read',
  rotate: 'submit',
  run: 'submit',
  approve: 'approve',
  reject: 'approve',
  pause: 'steer',
  resume: 'steer',
  cancel: 'steer',
  freeze: 'freeze',
  unfreeze: 'freeze',
};

/** Letters of an object that the audit keeps. */
const mostLetters = 200;

/** Words of a rotation that say which connections; the others say how. */
const selecting = /^(region|connection|gateway|customer|attach|status|name|tag:[^=]*)=/i;

/** The command as the audit has it: the platform, what is to be done, and to what. */
export function attemptOf(
  platform: ChatPlatform,
  command: Order,
  { address, requestId }: Pick<Attempt, 'address' | 'requestId'>,
): Attempt {
  const object = objectOf(command);
  const words = [platform, command.name, ...(object === '' ? [] : [object.slice(0, mostLetters)])];
  const job = 'job' in command && command.job !== null ? idOf(command.job) : '';
  return {
    action: actionOf[command.name],
    operation: words.join(' '),
    address,
    jobId: isId('job', job) ? job : null,
    requestId,
  };
}

function objectOf(command: Order): string {
  switch (command.name) {
    case 'jobs':
      return '';
    case 'preview':
    case 'run':
      return command.schedule;
    case 'rotate':
      return command.words.filter((word) => selecting.test(word)).join(' ');
    case 'freeze':
      return command.scope;
    case 'unfreeze':
      return command.freeze;
    default:
      return command.job ?? '';
  }
}

function idOf(word: string): string {
  return word.replace(/^job_/i, 'job_');
}

/** The command with the id of the job that its word names, where there is one such job: so it is audited, also when it is refused. */
export async function withMeantJob(jobs: JobStore, command: Order): Promise<Order> {
  if (!('job' in command) || command.job === null) return command;
  try {
    return { ...command, job: (await findMeantJob(jobs, command.job)).id };
  } catch (error) {
    const { code } = toAppError(error);
    if (code === 'not_found' || code === 'conflict') return command;
    throw error;
  }
}
