import { type ChainedEvent, linkHash } from '../../shared/journal/chain.ts';
import { createReplay } from '../../shared/journal/replay.ts';
import { type Seal, type SignedSeal, signSeal } from '../../shared/journal/seal.ts';
import type { Check } from '../../shared/journal/verification.ts';
import type { Random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import {
  loadSigner,
  type PublicKey,
  publicKeysOf,
  type Signer,
} from '../../shared/secret/signing-key.ts';
import { countsOf } from './factories.ts';

/** An event in short: its second within the hour, its kind, its data. */
export type ShortEvent = readonly [
  second: number,
  kind: string,
  data?: Readonly<Record<string, unknown>>,
];

/** The time of a second of the hour in which everything happens. */
export function secondOf(second: number): string {
  return new Date(Date.UTC(2026, 10, 22, 10, 0, second)).toISOString();
}

/** The chained events of a change. */
export function aChain(changeId: string, events: readonly ShortEvent[]): ChainedEvent[] {
  const plain = events.map(([second, kind, data = {}], index) => {
    return { changeId, number: index + 1, at: secondOf(second), kind, data, hash: null };
  });
  return relink(plain);
}

/** Events under hashes that fit them, as they stand. */
export function relink(events: readonly ChainedEvent[]): ChainedEvent[] {
  let head: string | null = null;
  return events.map((event) => {
    head = linkHash(head, event);
    return { ...event, hash: head };
  });
}

/** Where a change is: what its `resolved` event tells. */
export function aPlace(name: string, lane = `gateway:r/${name}`) {
  return { lane, regionId: 'r', vpnConnectionId: `vco-${name}` };
}

export const request = { requestDigest: 'digest-1', clientToken: 'token-1' };

/** A change that succeeds in one go, from this second on for six seconds. */
export function aGoodChange(changeId: string, from = 0, place = aPlace(changeId)): ChainedEvent[] {
  return aChain(changeId, [
    [0, 'resolved', place],
    [from + 1, 'started', { lane: place.lane }],
    [from + 2, 'prepared', { ...request, keys: { fresh: [], kept: [] } }],
    [from + 3, 'accepted', { ...request, requestId: 'r', sentAt: secondOf(from + 2) }],
    [from + 6, 'finished', { state: 'succeeded', readBack: 'applied' }],
  ]);
}

const rules: Seal['rules'] = { concurrency: 10, maxErrors: 0, onFailure: 'stop' };

/** What a job's seal says besides its events. */
export function factsOf(changes: readonly (readonly ChainedEvent[])[], some: Partial<Seal> = {}) {
  const counts = countsOf();
  const ends = changes.flatMap((events) => events.filter(({ kind }) => kind === 'finished'));
  const states = ends.map(({ data }) => String(data.state));
  for (const state of states) Object.assign(counts, { [state]: countIn(states, state) });
  return { counts: { ...counts }, rules, planDigest: null, ...some };
}

function countIn(states: readonly string[], state: string): number {
  return states.filter((one) => one === state).length;
}

/** A signer of its own, with the public key that it goes by; the same for the same seed. */
export async function aSigner(seed = 1): Promise<{ signer: Signer; keys: readonly PublicKey[] }> {
  const random: Random = { bytes: (size) => Buffer.alloc(size, seed), fraction: () => 0 };
  const stored: { sealed: string; publicKey: string }[] = [];
  const keyring = {
    get: () => Promise.resolve(stored[0]?.sealed ?? null),
    putIfAbsent: (_name: string, sealed: string, publicKey = '') => {
      stored.push({ sealed, publicKey });
      return Promise.resolve(sealed);
    },
    publicKeys: () => Promise.resolve(stored.map(({ publicKey }) => publicKey)),
  };
  const sealer = createSealer(new Secret(Buffer.alloc(32, 3).toString('base64')), random);
  const signer = await loadSigner({ keyring, sealer, random });
  return { signer, keys: await publicKeysOf(keyring) };
}

/** The seal over these changes. */
export function aSeal(
  signer: Signer,
  changes: readonly (readonly ChainedEvent[])[],
  some: Partial<Seal> = {},
): SignedSeal {
  const replay = createReplay();
  for (const events of changes) replay.see(events[0]?.changeId ?? '', events);
  return signSeal(signer, {
    jobId: 'job_1',
    state: 'succeeded',
    finishedAt: secondOf(59),
    verification: '0'.repeat(64),
    sealedAt: secondOf(59),
    ...replay.sum(),
    ...factsOf(changes),
    ...some,
  });
}

/** The lines of an export. */
export function linesOf(
  changes: readonly (readonly ChainedEvent[])[],
  seal: SignedSeal | null,
): string[] {
  return [...changes.flat(), ...(seal ? [seal] : [])].map((value) => JSON.stringify(value));
}

/** Lines as a file gives them. */
export async function* streamOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** Changes of a job, of others on its lanes, and what is known besides. */
interface Replayed {
  changes: ChainedEvent[][];
  neighbours?: ChainedEvent[][];
  facts?: Partial<Seal>;
}

/** What the checks make of them. */
export function replayed({ changes, neighbours = [], facts }: Replayed): readonly Check[] {
  const replay = createReplay();
  for (const events of changes) replay.see(events[0]?.changeId ?? '', events);
  for (const events of neighbours) replay.seeNeighbour(events[0]?.changeId ?? '', events);
  const countedEvents = changes.flat().length;
  return replay.end({ ...factsOf(changes, facts), countedEvents }, { neighbours: true });
}

/** What does not hold, as `promise: contradiction`. */
export function brokenIn(input: Replayed): string[] {
  return replayed(input)
    .filter(({ holds }) => !holds)
    .flatMap(({ promise, broken }) => broken.map((fault) => `${promise}: ${fault}`));
}
