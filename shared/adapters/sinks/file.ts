import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { FileSinkSettings } from '../../platform/config/sinks.ts';
import type { Random } from '../../platform/random.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import { type Delivery, placeOf, type Sink, type SinkError } from '../../sink/sink.ts';
import { documentOf } from './document.ts';

/** As many as KMS keeps, so that whoever tries things out meets no other limits later. */
const keptVersions = 10;

const Versions = z.array(
  z.object({
    version: z.string(),
    stage: z.enum(['pending', 'current', 'former', 'withdrawn']),
    document: z.string(),
  }),
);
type Versions = z.infer<typeof Versions>;

type Failure = { kind: 'failed'; error: SinkError };

/**
 * Files under a directory, one for each tunnel, readable by their owner alone; for local runs. The values stand in them in
 * clear, as in the hands of whoever runs it.
 */
export function createFileSink({ directory }: FileSinkSettings, random: Random): Sink {
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: each reads what the one before wrote. */
  function inTurn<Outcome>(
    delivery: Delivery,
    change: (versions: Versions) => { outcome: Outcome | Failure; versions: Versions | null },
  ): Promise<Outcome | Failure> {
    const path = join(directory, `${placeOf(delivery)}.json`);
    const turn = last.then(async (): Promise<Outcome | Failure> => {
      try {
        const { outcome, versions } = change(await readVersions(path));
        if (versions !== null) await replaceFile(path, versions, random);
        return outcome;
      } catch {
        return failed('Unwritable', `The file of ${placeOf(delivery)} cannot be read or written.`);
      }
    });
    last = turn;
    return turn;
  }

  return {
    deliver: (delivery, values) =>
      inTurn<{ kind: 'delivered' }>(delivery, (versions) => {
        const { version } = delivery;
        const document = reveal(documentOf(delivery, values));
        const known = versions.find((each) => each.version === version);
        if (known === undefined) {
          const added = [...versions, { version, stage: 'pending' as const, document }];
          return { outcome: { kind: 'delivered' }, versions: trimmed(added) };
        }
        if (known.document !== document) {
          const outcome = failed('VersionConflict', 'The version holds other values.');
          return { outcome, versions: null };
        }
        const again = versions.map((each) =>
          each === known ? { ...each, stage: 'pending' as const } : each,
        );
        const isWithdrawn = known.stage === 'withdrawn';
        return { outcome: { kind: 'delivered' }, versions: isWithdrawn ? again : null };
      }),
    promote: (delivery) =>
      inTurn<{ kind: 'done' }>(delivery, (versions) => {
        const isThere = versions.some(({ version }) => version === delivery.version);
        if (!isThere) {
          const outcome = failed('NotDelivered', 'The version was not delivered.');
          return { outcome, versions: null };
        }
        return { outcome: { kind: 'done' }, versions: promoted(versions, delivery.version) };
      }),
    withdraw: (delivery) =>
      inTurn<{ kind: 'done' }>(delivery, (versions) => {
        const known = versions.find(({ version }) => version === delivery.version);
        if (known?.stage === 'current') {
          const outcome = failed('AlreadyCurrent', 'The version was promoted before.');
          return { outcome, versions: null };
        }
        const after = versions.map((each) =>
          each === known ? { ...each, stage: 'withdrawn' as const } : each,
        );
        return { outcome: { kind: 'done' }, versions: known ? after : null };
      }),
  };
}

/** The current version stays, however many came after it. */
function trimmed(versions: Versions): Versions {
  const surplus = versions.length - keptVersions;
  const leaving = versions
    .filter(({ stage }) => stage !== 'current')
    .slice(0, Math.max(0, surplus));
  return versions.filter((each) => !leaving.includes(each));
}

function promoted(versions: Versions, promotedVersion: string): Versions {
  return versions.map((each) => {
    if (each.version === promotedVersion) return { ...each, stage: 'current' };
    return each.stage === 'current' ? { ...each, stage: 'former' } : each;
  });
}

async function readVersions(path: string): Promise<Versions> {
  try {
    return Versions.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return [];
    throw error;
  }
}

/** Whole or not at all, whatever happens meanwhile. */
async function replaceFile(path: string, versions: Versions, random: Random): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${random.bytes(6).toString('hex')}.draft`;
  await writeFile(draft, `${JSON.stringify(versions, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}

function failed(code: string, message: string): Failure {
  return { kind: 'failed', error: { code, message, isRetryable: false, requestId: null } };
}
