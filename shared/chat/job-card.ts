import type { ChangeWarning } from '../change/resolve-change.ts';
import type { ChangeState } from '../change/state.ts';
import { assumedSettleSeconds } from '../preview/lower-bound.ts';
import type { JobBody } from '../progress/job-body.ts';
import { aCardOf, type Card, type CardButton } from './card.ts';
import type { JobOutline } from './chat-store.ts';
import { aboutSeconds } from './span.ts';

/** Digits of a digest that are shown; whoever compares by eye compares no more. */
const shownDigits = 16;

/** A digest as people compare it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, shownDigits);
}

/** Where a job can be looked at, below the address under which the API was asked. */
function jobLink(origin: string | null, jobId: string): Card['link'] {
  return origin === null ? null : { label: 'Open', url: `${origin}/#/jobs/${jobId}` };
}

/** A job as a room sees it: where it stands, what it is about, and what can be done now. */
export function jobCardOf(
  job: JobBody,
  { outline, origin }: { outline: JobOutline | null; origin: string | null },
): Card {
  return aCardOf({
    title: job.title,
    tone: toneOf(job),
    lines: [
      ...(job.reason === null ? [] : [sentence(job.reason)]),
      ...freezeOf(outline),
      ...warningsOf(job, outline),
    ],
    facts: [
      { label: 'Job', value: job.id },
      { label: 'State', value: stateWords[job.state] },
      { label: 'Changes', value: changesOf(job) },
      ...lanesOf(outline),
      ...expectationOf(job, outline),
      ...(job.planDigest === null ? [] : [{ label: 'Digest', value: shortDigest(job.planDigest) }]),
      { label: 'Submitted by', value: submitterOf(job) },
    ],
    buttons: buttonsOf(job),
    link: jobLink(origin, job.id),
    audience: 'room',
  });
}

/** One line of a list of jobs. */
export function jobLineOf(job: JobBody): string {
  return `${job.id} · ${stateWords[job.state]} · ${changesOf(job)} · ${job.title}`;
}

const stateWords: Readonly<Record<JobBody['state'], string>> = {
  resolving: 'being resolved',
  awaiting_approval: 'waits for approval',
  waiting_for_window: 'waits for its window',
  running: 'running',
  paused: 'paused',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
};

function toneOf({ state, counts }: JobBody): Card['tone'] {
  if (state === 'succeeded') return 'good';
  if (state === 'failed') return 'bad';
  const errors = (counts.failed ?? 0) + (counts.rolled_back ?? 0);
  const waits = state === 'awaiting_approval' || state === 'paused' || state === 'cancelled';
  return errors > 0 || waits ? 'warning' : 'plain';
}

/** What is told of counts, in this order, where there is any. */
const told: readonly [ChangeState, string][] = [
  ['succeeded', 'succeeded'],
  ['unchanged', 'unchanged'],
  ['failed', 'failed'],
  ['rolled_back', 'rolled back'],
  ['skipped', 'skipped'],
  ['cancelled', 'cancelled'],
  ['delivering', 'being delivered'],
  ['verifying', 'being verified'],
];

function changesOf({ total, counts }: JobBody): string {
  if (total === null) return 'not counted yet';
  const inFlight = (counts.applying ?? 0) + (counts.settling ?? 0) + (counts.rolling_back ?? 0);
  const parts = told.flatMap(([state, words]) => {
    const count = counts[state] ?? 0;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  const all = [...parts, ...(inFlight > 0 ? [`${inFlight} in flight`] : [])];
  return [`${total}`, ...(all.length > 0 ? [all.join(', ')] : [])].join(': ');
}

function lanesOf(outline: JobOutline | null): Card['facts'] {
  if (outline === null || outline.lanes === 0) return [];
  const { lanes, longestLane } = outline;
  return [{ label: 'Lanes', value: `${lanes}, at most ${longestLane} changes on one` }];
}

function expectationOf(job: JobBody, outline: JobOutline | null): Card['facts'] {
  if (job.finishedAt !== null) return [{ label: 'Ended', value: job.finishedAt }];
  if (job.estimatedFinishAt !== null) {
    return [{ label: 'Expected end', value: job.estimatedFinishAt }];
  }
  if (outline === null || outline.lanes === 0 || job.total === null) return [];
  const { longestLane, maxInFlight, settleMs } = outline;
  const rounds = Math.max(longestLane, Math.ceil(job.total / maxInFlight));
  const seconds = settleMs === null || settleMs <= 0 ? assumedSettleSeconds : settleMs / 1000;
  return [{ label: 'Expected duration', value: `${aboutSeconds(rounds * seconds)} or more` }];
}

function submitterOf({ createdBy, scheduleName }: JobBody): string {
  return scheduleName === null ? createdBy : `${createdBy}, by schedule ${scheduleName}`;
}

function freezeOf(outline: JobOutline | null): readonly string[] {
  if (outline === null || outline.frozen === null) return [];
  const { scope, until, reason, count } = outline.frozen;
  const waiting = count === 1 ? '1 change waits' : `${count} changes wait`;
  return [sentence(`${waiting}: ${scope} is frozen until ${until}: ${reason}`)];
}

/** How many kinds of warnings are told in a room. */
const toldWarnings = 5;

/** What warnings say, by the codes of previews. */
const warningWords: Readonly<Record<ChangeWarning['code'], string>> = {
  weak_algorithm: 'an algorithm that no longer protects',
  ike_mode_ignored: 'a mode that means nothing with ikev2',
  tunnel_entry_ignored: 'a tunnel is named that the connection does not have',
  tunnel_outage: 'the only tunnel is down until the other side is changed too',
  tunnel_redundancy_lost: 'a tunnel is down that would have to carry the traffic meanwhile',
  both_tunnels_reset: 'both tunnels may be reset at once',
  other_side: 'must be changed on the other side too',
  write_only: 'sent whatever stands there, since it cannot be read',
  compared_later: 'compared when the change begins',
  locked: 'the connection takes no change now',
};
const isKnownCode = (code: string): code is ChangeWarning['code'] =>
  Object.hasOwn(warningWords, code);

/** What a preview would have warned of, as long as something can still be done about it. */
function planWarningsOf(job: JobBody, { warnings }: JobOutline): readonly string[] {
  if (job.finishedAt !== null) return [];
  const lines = warnings.slice(0, toldWarnings).map(({ code, count, first }) => {
    const words = isKnownCode(code) ? `: ${warningWords[code]}` : '';
    return `Warning ${code} (${count}×, first ${first})${words}.`;
  });
  const more = warnings.length - lines.length;
  return more > 0 ? [...lines, `And ${more} other kinds of warnings.`] : lines;
}

function warningsOf(job: JobBody, outline: JobOutline | null): readonly string[] {
  if (outline === null) return [];
  const { refused, acceptsOutage } = outline;
  return [
    ...(refused > 0 ? [`Warning: ${refused} of its changes were refused.`] : []),
    ...(acceptsOutage ? ['Warning: its plan accepts that tunnels are interrupted.'] : []),
    ...planWarningsOf(job, outline),
  ];
}

function buttonsOf({ id, state, planDigest }: JobBody): readonly CardButton[] {
  const plain = { approves: null, style: 'plain' } as const;
  switch (state) {
    case 'awaiting_approval':
      return planDigest === null
        ? []
        : [
            {
              label: 'Approve',
              style: 'primary',
              command: `approve ${id} digest=${planDigest}`,
              approves: { jobId: id, digest: planDigest },
            },
            {
              ...plain,
              label: 'Reject',
              style: 'danger',
              command: `reject ${id} refused on its card`,
            },
          ];
    case 'running':
      return [{ ...plain, label: 'Pause', command: `pause ${id}` }];
    case 'paused':
      return [
        { ...plain, label: 'Resume', style: 'primary', command: `resume ${id}` },
        { ...plain, label: 'Cancel', style: 'danger', command: `cancel ${id}` },
      ];
    default:
      return [];
  }
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
