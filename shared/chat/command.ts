import { type Verb, verbs } from '../job/job-verbs.ts';
import { hintOf } from './nearest.ts';
import { spanForms, spanMs } from './span.ts';
import { restAfter, type Word, wordsOf } from './words.ts';

/** What can be said in a room. */
export type Command =
  | { name: 'help' }
  | { name: 'status'; job: string | null }
  | { name: 'jobs' }
  | { name: 'preview'; schedule: string }
  | { name: 'rotate'; words: readonly string[] }
  | { name: 'run'; schedule: string }
  | {
      name: 'approve';
      job: string;
      digest: string | null;
      code: string | null;
      reason: string | null;
    }
  | { name: 'reject'; job: string; reason: string }
  | { name: Verb; job: string; reason: string | null }
  | { name: 'freeze'; scope: string; forMs: number; reason: string }
  | { name: 'unfreeze'; freeze: string };

export type CommandName = Command['name'];

/** A command, or what is wrong with what was said; `usage` is null where no command was recognised. */
export type Parsed =
  | { kind: 'command'; command: Command }
  | { kind: 'fault'; message: string; usage: string | null };

/** How each command is written, in the order of the help. */
export const usages: Readonly<Record<CommandName, { usage: string; does: string }>> = {
  help: { usage: 'help', does: 'shows this' },
  status: { usage: 'status [JOB]', does: 'shows what is going on, or one job' },
  jobs: { usage: 'jobs', does: 'lists the latest jobs' },
  preview: { usage: 'preview SCHEDULE', does: 'shows what a run of the schedule would do' },
  rotate: {
    usage: 'rotate SELECTOR [KEY=VALUE…]',
    does: 'rotates keys, e.g. rotate region=cn-hangzhou tag:env=prod',
  },
  run: { usage: 'run SCHEDULE', does: 'runs the schedule now' },
  approve: { usage: 'approve JOB', does: 'approves the plan of the job as it is shown' },
  reject: { usage: 'reject JOB REASON…', does: 'refuses it' },
  pause: {
    usage: 'pause JOB [REASON…]',
    does: 'lets what is in flight end and starts nothing more',
  },
  resume: { usage: 'resume JOB [REASON…]', does: 'goes on' },
  cancel: { usage: 'cancel JOB [REASON…]', does: 'ends what has not started' },
  freeze: {
    usage: 'freeze SCOPE for 2h REASON…',
    does: 'starts nothing there: all, region:…, gateway:REGION/ID, connection:REGION/ID',
  },
  unfreeze: { usage: 'unfreeze NAME', does: 'ends the freeze' },
};

const commandNames = Object.keys(usages);
const isCommandName = (text: string): text is CommandName => Object.hasOwn(usages, text);
const isVerb = (name: string): name is Verb => verbs.some((verb) => verb === name);

/** The longest text that is looked at. */
const maxLetters = 2_000;

/** What was said, as a command. An empty text asks for help. */
export function parseCommand(said: string): Parsed {
  const text = said.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  if (text.length > maxLetters) return fault(`a command has at most ${maxLetters} letters`, null);
  const words = wordsOf(text);
  if (words === null) return fault('a quotation mark is not closed', null);
  const [first] = words;
  if (first === undefined) return { kind: 'command', command: { name: 'help' } };
  const name = first.text.toLowerCase();
  if (!isCommandName(name)) {
    const known = first.text.length > 40 ? `${first.text.slice(0, 40)}…` : first.text;
    return fault(`unknown command ${known}${hintOf(name, commandNames)}`, null);
  }
  const command = readers[name]({ text, words, rest: words.slice(1) });
  return typeof command === 'string'
    ? fault(command, usages[name].usage)
    : { kind: 'command', command };
}

function fault(message: string, usage: string | null): Parsed {
  return { kind: 'fault', message, usage };
}

interface Said {
  text: string;
  words: readonly Word[];
  /** The words after the command's name. */
  rest: readonly Word[];
}

/** Reads what follows a command's name; answers with a sentence when it is wrong. */
type Read = (said: Said) => Command | string;

const readers: Readonly<Record<CommandName, Read>> = {
  help: () => ({ name: 'help' }),
  status: ({ rest }) =>
    rest.length > 1 ? 'status takes one job' : { name: 'status', job: rest[0]?.text ?? null },
  jobs: ({ rest }) => (rest.length > 0 ? 'jobs takes nothing more' : { name: 'jobs' }),
  preview: (said) => onlyWord(said, 'schedule', (schedule) => ({ name: 'preview', schedule })),
  run: (said) => onlyWord(said, 'schedule', (schedule) => ({ name: 'run', schedule })),
  rotate: ({ rest }) => ({ name: 'rotate', words: rest.map(({ text }) => text) }),
  approve,
  reject: (said) => {
    const job = said.rest[0]?.text;
    const reason = restAfter(said.text, said.words, 2);
    if (job === undefined) return 'name the job';
    return reason === '' ? 'say why' : { name: 'reject', job, reason };
  },
  pause: (said) => verb('pause', said),
  resume: (said) => verb('resume', said),
  cancel: (said) => verb('cancel', said),
  freeze,
  unfreeze: (said) => onlyWord(said, 'freeze', (name) => ({ name: 'unfreeze', freeze: name })),
};

function onlyWord(
  { rest }: Said,
  what: string,
  command: (word: string) => Command,
): Command | string {
  const [word, second] = rest;
  if (word === undefined) return `name the ${what}`;
  return second === undefined ? command(word.text) : `one ${what} at a time`;
}

function verb(name: Verb, { text, words, rest }: Said): Command | string {
  const job = rest[0]?.text;
  if (job === undefined || !isVerb(name)) return 'name the job';
  const reason = restAfter(text, words, 2);
  return { name, job, reason: reason === '' ? null : reason };
}

/** After the job, `digest=…` and `code=…` in any order, and then what the approver has to say. */
function approve({ text, words, rest }: Said): Command | string {
  const job = rest[0]?.text;
  if (job === undefined) return 'name the job';
  const found: Record<'digest' | 'code', string | null> = { digest: null, code: null };
  let count = 2;
  for (const word of rest.slice(1)) {
    const [, key = '', value = ''] = /^(digest|code)=(\S+)$/i.exec(word.text) ?? [];
    const name = key.toLowerCase();
    if (name !== 'digest' && name !== 'code') break;
    found[name] = value;
    count += 1;
  }
  const reason = restAfter(text, words, count);
  return { name: 'approve', job, ...found, reason: reason === '' ? null : reason };
}

function freeze({ text, words, rest }: Said): Command | string {
  const [scope, link, span] = rest.map((word) => word.text);
  if (scope === undefined) return 'name what is to be frozen';
  if (link?.toLowerCase() !== 'for' || span === undefined) return 'say for how long';
  const forMs = spanMs(span);
  if (forMs === null) return `${span.slice(0, 40)} is no length of time such as ${spanForms}`;
  const reason = restAfter(text, words, 4);
  return reason === '' ? 'say why' : { name: 'freeze', scope, forMs, reason };
}
