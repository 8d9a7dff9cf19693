import type { PublicKey } from '../secret/signing-key.ts';
import { ChainedEvent } from './chain.ts';
import { eventsByChange } from './group-events.ts';
import { createReplay, type Replay } from './replay.ts';
import { isSealedBy, SignedSeal } from './seal.ts';
import { type Check, Finding, type Verification, verificationOf } from './verification.ts';

/** What an exported journal turned out to be. `sealed` is null when it has no seal. */
export interface VerifiedExport {
  sealed: SignedSeal | null;
  verification: Verification;
}

/** What is read of an export besides its events. */
interface Reading {
  sealed: SignedSeal | null;
  faults: string[];
}

/**
 * Checks a journal as `GET /v1/jobs/{id}/journal` gives it, all pages one after the other, without the service: the chains, the
 * seal against the given public keys, and the promises as far as one job's journal can tell. What is not an event, or
 * stands behind the seal, is a fault like any other.
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  keys: readonly PublicKey[],
): Promise<VerifiedExport> {
  const reading: Reading = { sealed: null, faults: [] };
  const replay = createReplay();
  for await (const { changeId, events } of eventsByChange(readLines(lines, reading), (e) => e)) {
    replay.see(changeId, events);
  }
  const { sealed } = reading;
  const checks = sealed
    ? replay.end({ ...sealed.seal, countedEvents: sealed.seal.events }, { neighbours: false })
    : [replay.chains(null)];
  const seal = checkSeal(reading, replay.sum(), keys);
  return { sealed, verification: verificationOf([seal, ...checks]) };
}

async function* readLines(
  lines: AsyncIterable<string>,
  reading: Reading,
): AsyncGenerator<readonly ChainedEvent[]> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const value = parseJson(line);
    const event = ChainedEvent.safeParse(value);
    const sealed = SignedSeal.safeParse(value);
    if (reading.sealed) reading.faults.push(`line ${number} stands behind the seal`);
    else if (sealed.success) reading.sealed = sealed.data;
    else if (event.success) yield [event.data];
    else reading.faults.push(`line ${number} is neither an event nor a seal`);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function checkSeal(
  { sealed, faults }: Reading,
  sum: ReturnType<Replay['sum']>,
  keys: readonly PublicKey[],
): Check {
  const finding = new Finding(
    'journal',
    'the seal was signed by the service and is over these events',
  );
  finding.examine(faults);
  if (sealed === null) {
    finding.fault('there is no seal: the job has not ended, or the end of its journal is missing');
    return finding.check('no seal');
  }
  const { seal } = sealed;
  if (!isSealedBy(keys, sealed)) finding.fault(`none of the keys is ${seal.keyId} and signed it`);
  if (seal.root !== sum.root) finding.fault('the chains are not those that were sealed');
  for (const what of ['changes', 'events'] as const) {
    if (seal[what] === sum[what]) continue;
    finding.fault(`${sum[what]} ${what} where ${seal[what]} were sealed`);
  }
  return finding.check(`sealed at ${seal.sealedAt} with key ${seal.keyId}`);
}
