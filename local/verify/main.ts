import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type VerifiedExport, verifyExport } from '../../shared/journal/verify-export.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { KeySet } from '../../shared/progress/journal-routes.ts';
import type { PublicKey } from '../../shared/secret/signing-key.ts';

const usage = `npm run verify -- FILE --key KEYS

  FILE         an exported journal: all pages of GET /v1/jobs/{id}/journal, one after the other
  --key KEYS   the answer of GET /v1/keys, saved when the service was trusted

Exit code 0 when everything holds, 1 when something does not, 2 when it could not be checked.
`;

const exitCodes = { held: 0, broken: 1, unusable: 2 } as const;

interface Arguments {
  file: string;
  keys: string;
}

function readArguments(): Arguments | null {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { key: { type: 'string' } },
    });
    const [file, ...more] = positionals;
    return file === undefined || more.length > 0 || values.key === undefined
      ? null
      : { file, keys: values.key };
  } catch {
    return null;
  }
}

async function readKeys(path: string): Promise<readonly PublicKey[]> {
  try {
    return KeySet.parse(JSON.parse(await readFile(path, 'utf8'))).keys;
  } catch (cause) {
    throw new AppError('invalid_request', `${path} is no answer of GET /v1/keys`, { cause });
  }
}

async function* linesIn(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, 'utf8');
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    throw new AppError('invalid_request', `${path} cannot be read`, { cause });
  }
}

function reportOf({ sealed, verification }: VerifiedExport): string {
  const head = sealed
    ? `job ${sealed.seal.jobId}, ${sealed.seal.state}, ended ${sealed.seal.finishedAt}\n`
    : 'a journal without a seal\n';
  const checks = verification.checks.map(({ promise, text, holds, evidence, broken }) => {
    const faults = broken.map((fault) => `      ${fault}\n`).join('');
    return `  ${holds ? '✓' : '✗'} ${promise.padEnd(7)} ${text}\n            ${evidence}\n${faults}`;
  });
  return `${head}${checks.join('')}${verification.holds ? 'holds' : 'does not hold'}\n`;
}

/** Checks an exported journal without the service. */
async function main(): Promise<void> {
  const given = readArguments();
  if (given === null) {
    process.stderr.write(usage);
    process.exitCode = exitCodes.unusable;
    return;
  }
  const keys = await readKeys(given.keys);
  const verified = await verifyExport(linesIn(given.file), keys);
  process.stdout.write(reportOf(verified));
  process.exitCode = verified.verification.holds ? exitCodes.held : exitCodes.broken;
}

main().catch((error: unknown) => {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = exitCodes.unusable;
});
