import type { ChangeBody } from '../../shared/progress/change-body.ts';
import type { RecordSnapshot } from '../simulator/record.ts';
import type { Check } from './findings.ts';
import type { Paint } from './paint.ts';

/** One line of the table. */
type Row = readonly [label: string, value: string, note?: string];

const labelWidth = 30;
const valueWidth = 8;
const ruleWidth = 76;

/** The table at the end: what came out, how fast, with how many calls, and against what. */
export function summaryOf(input: {
  changes: readonly ChangeBody[];
  record: RecordSnapshot;
  wallMs: number;
}): string {
  const { changes, record, wallMs } = input;
  const rule = `  ${'─'.repeat(ruleWidth)}\n`;
  const groups = [
    outcomeRows(changes),
    timeRows(record, wallMs),
    callRows(record, changes.length),
    disturbanceRows(record),
  ];
  const blocks = groups.map((rows) => rows.map(lineOf).join(''));
  return `${rule}${blocks.join(rule)}${rule}`;
}

/** The checks, one a line. */
export function checkLines(checks: readonly Check[], paint: Paint): string {
  const mark = (holds: boolean): string => (holds ? paint('green', '✓') : paint('red', '✗'));
  return checks.map(({ holds, text }) => `  ${mark(holds)} ${text}\n`).join('');
}

function outcomeRows(changes: readonly ChangeBody[]): readonly Row[] {
  const counts = new Map<string, number>([['succeeded', 0]]);
  for (const { state } of changes) counts.set(state, (counts.get(state) ?? 0) + 1);
  const connections = new Set(changes.map((change) => change.vpnConnectionId)).size;
  const lanes = new Set(changes.map((change) => change.laneKey)).size;
  const note = `of ${changes.length}; ${connections} connections, ${lanes} lanes`;
  return [...counts].map(([state, count], index) => [
    `changes ${state}`,
    String(count),
    index === 0 ? note : '',
  ]);
}

function timeRows(record: RecordSnapshot, wallMs: number): readonly Row[] {
  const { longestLaneMs } = record;
  const efficiency = wallMs === 0 ? 0 : longestLaneMs / wallMs;
  return [
    ['wall time', seconds(wallMs), 'from first request to last change'],
    ['lower bound', seconds(longestLaneMs), 'settle times of the longest lane'],
    ['efficiency', `${Math.round(efficiency * 100)} %`, 'lower bound ÷ wall time'],
  ];
}

function callRows(record: RecordSnapshot, changes: number): readonly Row[] {
  const isWrite = ({ action }: { action: string }): boolean => action.startsWith('Modify');
  const writes = total(record.calls.filter(isWrite));
  const reads = total(record.calls.filter((call) => !isWrite(call)));
  const effective = record.writes.filter(
    ({ effective: took, source }) => took && source === 'api',
  ).length;
  const per = (calls: number): string => (changes === 0 ? '–' : (calls / changes).toFixed(2));
  return [
    ['writes per change', per(writes), `${writes} sent, ${effective} took effect`],
    ['reads per change', per(reads), `${reads} sent`],
  ];
}

function disturbanceRows(record: RecordSnapshot): readonly Row[] {
  const { faults } = record;
  const sum = (kinds: readonly string[]): number =>
    kinds.reduce((count, kind) => count + (faults[kind] ?? 0), 0);
  const lost = sum(['lostAfterApply', 'droppedBefore']);
  const broken = sum(['error500Applied', 'error500NotApplied', 'html502']);
  const edits = record.writes.filter(({ source }) => source === 'console').length;
  const injected = sum(Object.keys(faults));
  return [
    ['busy answers met', String(record.busyAnswers), `${edits} edits by others`],
    ['throttled', String(record.throttled)],
    ['lost replies', String(lost), 'connection cut, applied or not'],
    ['broken replies', String(broken), 'HTTP 5xx, applied or not'],
    ['faults injected', String(injected), 'of all kinds, reads included'],
    ['overlaps seen by the simulator', String(record.overlaps.length)],
  ];
}

function total(calls: RecordSnapshot['calls']): number {
  return calls.reduce((sum, call) => sum + call.total, 0);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function lineOf([label, value, note]: Row): string {
  const line = `  ${label.padEnd(labelWidth)} ${value.padStart(valueWidth)}   ${note ?? ''}`;
  return `${line.trimEnd()}\n`;
}
