import { AppError, type Fault } from '../errors.ts';
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

/** Reads what a reference names as text; rejects when that is not possible. */
export type ReadText = (name: string) => Promise<string>;

/** How each kind of reference is read. */
export interface Readers {
  readFile: ReadText;
  /** Given the values that are known without KMS, among them those with which it is reached. */
  readSecret: (known: ResolvedEnvironment['values']) => ReadText;
}

const prefixes = { file: 'file:', secret: 'kms-secret:' } as const;

/** What is needed to reach KMS, and so cannot come from there. */
const neededForKms: readonly VariableName[] = [
  'KMS_ENDPOINT',
  'FC_REGION',
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_SECURITY_TOKEN',
];

/**
 * Replaces each `file:PATH` by what the file holds and each `kms-secret:NAME` by the secret's current value, without one
 * line end at its end. An empty value counts as not set. What cannot be read is a fault of its variable. A name
 * with `FC_` may have `LANEKEEPER_` before it.
 */
export async function resolveReferences(
  environment: Environment,
  { readFile, readSecret }: Readers,
): Promise<ResolvedEnvironment> {
  const given = variableNames.flatMap((name) => {
    const text = givenAs(name, environment);
    return text === undefined ? [] : [{ name, text }];
  });
  const resolved: Mutable = { values: {}, referenced: new Set(), faults: [] };
  const secrets = given.filter(({ text }) => text.startsWith(prefixes.secret));
  for (const { name, text } of given) {
    if (text.startsWith(prefixes.file)) {
      await resolveOne(resolved, name, () => readFile(text.slice(prefixes.file.length)), 'file');
    } else if (!text.startsWith(prefixes.secret)) resolved.values[name] = text;
  }
  const read = readSecret({ ...resolved.values });
  const readNamed = async ({ name, text }: (typeof given)[number]): Promise<void> => {
    if (neededForKms.includes(name)) {
      resolved.referenced.add(name);
      resolved.faults.push({
        path: name,
        message: 'cannot come from KMS: it is needed to reach KMS',
      });
    } else
      await resolveOne(resolved, name, () => read(text.slice(prefixes.secret.length)), 'secret');
  };
  await Promise.all(secrets.map(readNamed));
  return resolved;
}

/**
 * Function Compute keeps every name with `FC_` to itself and lets nobody set one ("Configure environment variables"), so
 * there ours is given with another prefix. What is given so goes before what the platform says.
 */
function givenAs(name: VariableName, environment: Environment): string | undefined {
  const names = name.startsWith('FC_') ? [`LANEKEEPER_${name}`, name] : [name];
  return names.map((key) => environment[key]).find((value) => value !== undefined && value !== '');
}

interface Mutable extends ResolvedEnvironment {
  referenced: Set<VariableName>;
  faults: Fault[];
}

/** Only what we say ourselves of a secret is told: what else is thrown could hold its value. */
async function resolveOne(
  { values, referenced, faults }: Mutable,
  name: VariableName,
  read: () => Promise<string>,
  kind: keyof typeof prefixes,
): Promise<void> {
  referenced.add(name);
  try {
    values[name] = (await read()).replace(/\r?\n$/, '');
  } catch (error) {
    const reason = error instanceof AppError ? `: ${error.message}` : '';
    const message =
      kind === 'file'
        ? 'names a file that cannot be read'
        : `names a KMS secret that cannot be read${reason}`;
    faults.push({ path: name, message });
  }
}
