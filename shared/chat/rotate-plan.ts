import { AppError, type Fault } from '../platform/errors.ts';
import { hintOf } from './nearest.ts';
import { spanAsDuration } from './span.ts';

/*
 * `rotate SELECTOR [key=value…]`: the words of a plan that rotates pre-shared keys. What the values may be is the plan's to say; its
 * faults are told by the words that they come of.
 */

type Json = Readonly<Record<string, unknown>>;

interface Key {
  /** Where its value stands in the plan; `select` stands for the selector of each target. */
  path: readonly string[];
  read(text: string): unknown;
}

const asText = (text: string): string => text;
const asList = (text: string): readonly string[] => text.split(',').filter((item) => item !== '');
const asShare = (text: string): unknown => (/^\d{1,6}$/.test(text) ? Number(text) : text);
const asSwitch = (text: string): unknown => {
  if (/^(yes|true|on)$/i.test(text)) return true;
  return /^(no|false|off)$/i.test(text) ? false : text;
};

/** Every key, as it is written; capitals do not matter. `region` and `tag:…` are apart. */
const keys: Readonly<Record<string, Key>> = {
  connection: { path: ['select', 'vpnConnectionId'], read: asList },
  gateway: { path: ['select', 'vpnGatewayId'], read: asList },
  customer: { path: ['select', 'customerGatewayId'], read: asList },
  attach: { path: ['select', 'attachType'], read: asList },
  status: { path: ['select', 'status'], read: asList },
  name: { path: ['select', 'name'], read: asText },
  title: { path: ['title'], read: asText },
  length: { path: ['rotatePsk', 'length'], read: asShare },
  deliverTo: { path: ['handover', 'deliverTo'], read: asList },
  requireAcknowledgement: { path: ['handover', 'requireAcknowledgement'], read: asSwitch },
  acknowledgeWithin: { path: ['handover', 'acknowledgeWithin'], read: spanAsDuration },
  keepPreviousFor: { path: ['handover', 'keepPreviousFor'], read: spanAsDuration },
  concurrency: { path: ['rollout', 'concurrency'], read: asShare },
  maxErrors: { path: ['rollout', 'maxErrors'], read: asShare },
  batches: { path: ['rollout', 'batches'], read: (text) => asList(text).map(asShare) },
  batchPause: { path: ['rollout', 'batchPause'], read: asText },
  slowStart: { path: ['rollout', 'slowStart'], read: asSwitch },
  redundancy: { path: ['rollout', 'redundancy'], read: asText },
  verify: { path: ['verify', 'tunnel'], read: asText },
  onFailure: { path: ['onFailure'], read: asText },
  acceptOutage: { path: ['acceptOutage'], read: asSwitch },
  approval: { path: ['approval', 'required'], read: asShare },
};

const names = [...Object.keys(keys), 'region', 'tag:KEY'];
const byLowerCase = new Map(
  Object.entries(keys).map(([name, key]) => [name.toLowerCase(), { name, ...key }]),
);

/** The words of `rotate`, sorted; faults of the words themselves. */
interface Sorted {
  regions: readonly string[];
  select: Record<string, unknown>;
  plan: Record<string, unknown>;
  faults: string[];
}

/**
 * The plan's JSON that the words of `rotate` ask for. `sinks` are the names of all sinks: where there is one alone, keys go
 * there. Raises `invalid_request` with every fault of the words.
 */
export function rotatePlanOf(words: readonly string[], sinks: readonly string[]): Json {
  const { regions, select, plan, faults } = sort(words);
  if (regions.length === 0) faults.push('region is missing; write region=cn-hangzhou');
  if (Object.keys(select).length === 0) {
    faults.push(
      'nothing is selected; write tag:KEY=VALUE, name=PATTERN and the like, or name=* for all of the region',
    );
  }
  if (faults.length > 0) throw wordFaults(faults.map((message) => ({ path: '', message })));
  const [only, second] = sinks;
  const handover = only === undefined || second !== undefined ? {} : { deliverTo: [only] };
  return {
    title: `rotate keys: ${words.join(' ')}`.slice(0, 200),
    rotatePsk: true,
    ...plan,
    ...withDefaults('handover', plan.handover, handover),
    targets: regions.map((regionId) => ({ regionId, select })),
  };
}

function withDefaults(name: string, given: unknown, defaults: Json): Json {
  const value = { ...defaults, ...Object(given) };
  return Object.keys(value).length === 0 ? {} : { [name]: value };
}

function sort(words: readonly string[]): Sorted {
  const sorted: Sorted = { regions: [], select: {}, plan: {}, faults: [] };
  const seen = new Set<string>();
  for (const word of words) {
    const [, written = '', text = ''] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    const tag = /^tag:(.+)$/i.exec(written)?.[1];
    const name = tag === undefined ? written.toLowerCase() : `tag:${tag}`;
    if (written === '') sorted.faults.push(`${shown(word)} is no KEY=VALUE`);
    else if (seen.has(name)) sorted.faults.push(`${shown(written)} stands there twice`);
    else if (text === '') sorted.faults.push(`${shown(written)} has no value`);
    else if (tag !== undefined) sorted.select.tags = { ...Object(sorted.select.tags), [tag]: text };
    else if (name === 'region') sorted.regions = asList(text);
    else place(sorted, { written, text });
    seen.add(name);
  }
  return sorted;
}

function place(sorted: Sorted, { written, text }: { written: string; text: string }): void {
  const key = byLowerCase.get(written.toLowerCase());
  if (key === undefined) {
    sorted.faults.push(`${shown(written)} is not known here${hintOf(written, names)}`);
    return;
  }
  const [first = '', second] = key.path;
  const value = key.read(text);
  if (first === 'select' && second !== undefined) sorted.select[second] = value;
  else if (second === undefined) sorted.plan[first] = value;
  else {
    const block = sorted.plan[first];
    sorted.plan[first] = { ...Object(block), [second]: value };
  }
}

/** The faults of a plan by the words that they come of, instead of by places in JSON that nobody wrote. */
export function asWordFaults(faults: readonly Fault[]): AppError {
  return wordFaults(faults.map(({ path, message }) => ({ path: wordOf(path), message })));
}

function wordFaults(faults: readonly Fault[]): AppError {
  const count = faults.length === 1 ? 'has a fault' : `has ${faults.length} faults`;
  return new AppError('invalid_request', `the command ${count}`, { faults });
}

function wordOf(pointer: string): string {
  const path = pointer
    .replace(/^\/targets\/\d+\//, '/')
    .split('/')
    .slice(1);
  if (path[0] === 'regionId') return 'region';
  if (path[1] === 'tags') return `tag:${path[2] ?? ''}`;
  const found = Object.entries(keys).find(([, key]) =>
    key.path.every((part, index) => part === path[index]),
  );
  return found?.[0] ?? path.join('.');
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
