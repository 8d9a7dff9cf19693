import { z } from 'zod';
import type { ChainedEvent } from './chain.ts';

/** A request that was sent, as far as anybody lived to tell. */
export interface Send {
  /** When it left, by the clock of the worker that sent it; null in journals from before that was noted. */
  sentAt: string | null;
  requestDigest: string | null;
  clientToken: string | null;
  /** When the connection was read and found unchanged since the sending before; null when nothing says so. */
  readAt: string | null;
  /** Whether a read since the sending before is on record. */
  followsRead: boolean;
}

/** A stored request and what became of it. */
export interface Write {
  preparedAt: string;
  part: string | null;
  direction: 'forth' | 'back';
  requestDigest: string | null;
  clientToken: string | null;
  /** Places of keys that the request changes, and of those of before that were kept; null in older journals. */
  keys: { fresh: readonly string[]; kept: readonly string[] } | null;
  /** Both tunnels as they were when it was stored; empty for a single-tunnel connection. */
  tunnels: readonly z.infer<typeof TunnelSeen>[];
  effectImmediately: 'planned' | 'unplanned' | null;
  sends: Send[];
  /** Until when it may have been in flight; null while it still may be. */
  endedAt: string | null;
  endedBy: 'part_applied' | 'requeued' | 'waiting' | 'reverting' | 'finished' | null;
  /** The state with which the change finished, when that ended it. */
  endedAs: string | null;
  /** What reading back showed at its end; null where nothing was read. */
  readBack: string | null;
  /** The sinks that had to have its values before, and those that had; null where nothing was to be handed over. */
  handover: { sinks: readonly string[]; deliveredTo: readonly string[] } | null;
  /** What proving it came to: `open` until that is known; null where nothing was to be proved. */
  proof: string | null;
}

/** From the start of one stretch of work on a change to its end; null while it goes on. */
export interface Stretch {
  from: string;
  to: string | null;
}

/** One change's events, told as what was done. */
export interface ChangeHistory {
  changeId: string;
  laneKey: string | null;
  /** Region and id; null when the change was never resolved. */
  connection: string | null;
  /** Where the connection leads to; null in journals from before that was noted. */
  leadsTo: LeadsTo | null;
  writes: readonly Write[];
  /** How often keys were made for it. */
  keysMade: number;
  /** When the change held a slot of its job. */
  slots: readonly Stretch[];
  /** When it was started; more than once when it went back to the queue. */
  starts: readonly string[];
  finishedAt: string | null;
  finalState: string | null;
  /** From when it had ended; until it was tried again, when it was. */
  overs: readonly Stretch[];
  /** What cannot have been: a sending without a request, a request that replaced an open one, an event after the end. */
  oddities: readonly string[];
}

const TunnelSeen = z.object({
  tunnelId: z.string(),
  isUp: z.boolean(),
  wasUp: z.boolean().nullable(),
});
/** Where a connection leads to, as its resolving was noted. */
export const LeadsTo = z.object({
  customerAddresses: z.array(z.string()),
  network: z.string().nullable(),
  remoteSubnets: z.array(z.string()),
});
export type LeadsTo = z.infer<typeof LeadsTo>;
const text = z.string().nullable().catch(null);
const Data = z.object({
  lane: text,
  regionId: text,
  vpnConnectionId: text,
  part: text,
  requestDigest: text,
  clientToken: text,
  sentAt: text,
  readAt: text,
  readBack: text,
  state: text,
  direction: z.enum(['forth', 'back']).catch('forth'),
  sinks: z.array(z.string()).catch([]),
  verdict: text,
  effectImmediately: z.enum(['planned', 'unplanned']).nullable().catch(null),
  keys: z
    .object({ fresh: z.array(z.string()), kept: z.array(z.string()) })
    .nullable()
    .catch(null),
  tunnels: z.array(TunnelSeen).catch([]),
  leadsTo: LeadsTo.nullable().catch(null),
});
type Data = z.infer<typeof Data>;

/** Whether a change was over at this time. */
export function wasOver({ overs }: Pick<ChangeHistory, 'overs'>, at: string): boolean {
  return overs.some(({ from, to }) => from <= at && (to === null || to >= at));
}

interface Draft extends ChangeHistory {
  writes: Write[];
  slots: Stretch[];
  starts: string[];
  overs: Stretch[];
  oddities: string[];
  /** What was handed over, by part and direction. */
  handovers: Map<string, { sinks: readonly string[]; deliveredTo: readonly string[] }>;
  /** The read that a repeat stands on. */
  read: { readAt: string | null } | null;
}

/** What a change's events tell. `events` are all of it, in order. Members of `data` that are missing are taken as unknown. */
export function historyOf(changeId: string, events: readonly ChainedEvent[]): ChangeHistory {
  const draft: Draft = {
    changeId,
    laneKey: null,
    connection: null,
    leadsTo: null,
    writes: [],
    keysMade: 0,
    handovers: new Map(),
    slots: [],
    starts: [],
    overs: [],
    finishedAt: null,
    finalState: null,
    oddities: [],
    read: null,
  };
  for (const event of events) {
    if (draft.finishedAt !== null && !maybeLate.has(event.kind)) {
      note(draft, event, 'comes after the end');
    }
    tell(draft, event, Data.parse(event.data));
  }
  const { read: _, handovers: __, ...history } = draft;
  return history;
}

/** What may be told of a change that is over: somebody tries it again, or what it left is tidied up. */
const maybeLate: ReadonlySet<string> = new Set([
  'retried',
  'verdict',
  'promoted',
  'withdrawn',
  'superseded',
  'taken_back',
]);

function tell(draft: Draft, event: ChainedEvent, data: Data): void {
  const { at, kind } = event;
  switch (kind) {
    case 'resolved':
      draft.laneKey = data.lane;
      draft.leadsTo = data.leadsTo;
      if (data.vpnConnectionId !== null)
        draft.connection = `${data.regionId}/${data.vpnConnectionId}`;
      break;
    case 'started':
      draft.laneKey = data.lane ?? draft.laneKey;
      draft.starts.push(at);
      takeSlot(draft, at);
      break;
    case 'prepared':
      prepare(draft, event, data);
      break;
    case 'accepted':
    case 'unknown_fate':
      send(draft, event, data);
      break;
    case 'not_applied':
      draft.read = { readAt: data.readAt };
      break;
    case 'part_applied':
      endWrite(draft, event, data);
      break;
    case 'keys_made':
    case 'handing_over':
    case 'delivered':
    case 'proving':
    case 'verdict':
    case 'acknowledged':
    case 'promoted':
    case 'withdrawn':
    case 'superseded':
    case 'taken_back':
      tellHandover(draft, event, data);
      break;
    case 'reverting':
      endWrite(draft, event, data);
      break;
    case 'requeued':
    case 'waiting':
      endWrite(draft, event, data);
      leaveSlot(draft, at);
      break;
    case 'finished':
      endWrite(draft, event, data);
      leaveSlot(draft, at);
      draft.finishedAt = at;
      draft.overs.push({ from: at, to: null });
      draft.finalState = data.state;
      break;
    case 'retried':
      closeOver(draft, at);
      draft.finishedAt = null;
      draft.finalState = null;
      break;
    default:
      note(draft, event, `is of the unknown kind ${kind}`);
  }
}

/** What a change does off its lane, and that it leaves its slot for that. */
function tellHandover(draft: Draft, { at, kind }: ChainedEvent, data: Data): void {
  const key = `${data.part} ${data.direction}`;
  const last = draft.writes.at(-1);
  if (kind === 'keys_made') draft.keysMade += 1;
  if (kind === 'handing_over') {
    draft.handovers.set(key, { sinks: data.sinks, deliveredTo: [] });
    leaveSlot(draft, at);
  }
  const handover = draft.handovers.get(key);
  if (kind === 'delivered' && handover) {
    draft.handovers.set(key, { ...handover, deliveredTo: data.sinks });
  }
  if (kind === 'proving') {
    if (last) last.proof = 'open';
    leaveSlot(draft, at);
  }
  if (kind === 'verdict' && last?.proof) last.proof = data.verdict;
}

function note(draft: Draft, { number }: ChainedEvent, what: string): void {
  draft.oddities.push(`${draft.changeId} event ${number} ${what}`);
}

/** A change that waited half done goes on without an event of its own: the request that it stores then tells. */
function takeSlot(draft: Draft, at: string): void {
  if (draft.slots.at(-1)?.to !== null) draft.slots.push({ from: at, to: null });
}

function leaveSlot(draft: Draft, at: string): void {
  const slot = draft.slots.at(-1);
  if (slot?.to === null) slot.to = at;
}

function closeOver({ overs }: Draft, at: string): void {
  const last = overs.at(-1);
  if (last?.to === null) last.to = at;
}

function openWrite({ writes }: Draft): Write | null {
  const last = writes.at(-1);
  return last?.endedAt === null ? last : null;
}

function prepare(draft: Draft, event: ChainedEvent, data: Data): void {
  if (openWrite(draft)) note(draft, event, 'replaces a request whose fate was open');
  const { part, direction, requestDigest, clientToken, keys, tunnels, effectImmediately } = data;
  const request = { part, direction, requestDigest, clientToken, keys, tunnels, effectImmediately };
  // Handovers name the connection where writes to single-tunnel ones name nothing.
  const handover = draft.handovers.get(`${part ?? 'connection'} ${direction}`) ?? null;
  const open = {
    sends: [],
    endedAt: null,
    endedBy: null,
    endedAs: null,
    readBack: null,
    handover,
    proof: null,
  };
  draft.writes.push({ preparedAt: event.at, ...request, ...open });
  draft.read = null;
  takeSlot(draft, event.at);
}

function send(draft: Draft, event: ChainedEvent, data: Data): void {
  const write = openWrite(draft);
  if (write === null) {
    note(draft, event, 'tells of a request that was not stored before');
    return;
  }
  const { sentAt, requestDigest, clientToken } = data;
  const readAt = draft.read?.readAt ?? null;
  const followsRead = draft.read !== null;
  write.sends.push({ sentAt, requestDigest, clientToken, readAt, followsRead });
  draft.read = null;
}

function isEnd(kind: string): kind is NonNullable<Write['endedBy']> {
  return ['part_applied', 'requeued', 'waiting', 'reverting', 'finished'].includes(kind);
}

function endWrite(draft: Draft, event: ChainedEvent, data: Data): void {
  const write = openWrite(draft);
  if (write === null) return;
  const { kind } = event;
  if (!isEnd(kind)) return;
  write.endedAt = event.at;
  write.endedBy = kind;
  write.endedAs = kind === 'finished' ? data.state : null;
  write.readBack = data.readBack ?? (kind === 'part_applied' ? 'applied' : null);
  draft.read = null;
}
