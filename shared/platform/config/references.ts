import type { Fault } from '../errors.ts';
import { type VariableName, variableNames } from './variables.ts';

/** The environment as the process got it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with its references resolved. */
export interface ResolvedEnvironment {
  values: Partial<Record<VariableName, string>>;
  /** Variables whose value came through a reference. */
  referenced: ReadonlySet<VariableName>;
  faults: readonly Fault[];
}

/** Reads a file as text; rejects when that is not possible. */
export type ReadText = (path: string) => Promise<string>;

const unreadable = 'names a file that cannot be read';
const kmsSecret =
  'names a KMS secret, which this version cannot read; that comes with the deployment. Use file:PATH';

/**
 * Replaces each `file:PATH` by what the file holds (without one line end at its end).
 * `kms-secret:NAME` is a fault for now. An empty value counts as not set.
 */
export async function resolveReferences(
  environment: Environment,
  readText: ReadText,
): Promise<ResolvedEnvironment> {
  const values: Partial<Record<VariableName, string>> = {};
  const referenced = new Set<VariableName>();
  const faults: Fault[] = [];
  for (const name of variableNames) {
    const given = environment[name];
    if (given === undefined || given === '') continue;
    const kind = /^(file|kms-secret):/.exec(given)?.[1];
    if (kind === undefined) {
      values[name] = given;
      continue;
    }
    referenced.add(name);
    const text = kind === 'file' ? await readOrNull(readText, given.slice('file:'.length)) : null;
    if (text === null)
      faults.push({ path: name, message: kind === 'file' ? unreadable : kmsSecret });
    else values[name] = text.replace(/\r?\n$/, '');
  }
  return { values, referenced, faults };
}

async function readOrNull(readText: ReadText, path: string): Promise<string | null> {
  try {
    return await readText(path);
  } catch {
    return null;
  }
}
