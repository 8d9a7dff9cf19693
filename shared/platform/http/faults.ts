import { z } from 'zod';
import type { Fault } from '../errors.ts';

/** The longest piece of a caller's key that is repeated to him. */
const maxEchoedKey = 100;
/** Most faults that one answer lists; a plan of the largest size with a fault in every target fits. */
const maxFaults = 50_000;

/** A JSON pointer (RFC 6901) to a place in a document. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${escapePart(String(part))}`).join('');
}

function escapePart(part: string): string {
  const short = part.length > maxEchoedKey ? `${part.slice(0, maxEchoedKey)}…` : part;
  return short
    .replaceAll(/\p{Cs}/gu, '\uFFFD')
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}

/**
 * Sentences for what a schema does not word itself. They say what is allowed and never repeat the value,
 * which may be a key. To be given to `safeParse` as `error`.
 */
export function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be ${sizeWords(issue.origin)} ${issue.minimum} or more`;
    case 'too_big':
      return `must be ${sizeWords(issue.origin)} ${issue.maximum} or less`;
    case 'invalid_union':
      return `must be ${describedBy(issue.inst)}`;
    default:
      return undefined;
  }
}

function withArticle(type: string): string {
  const word = { array: 'list', record: 'object', int: 'whole number' }[type] ?? type;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

function sizeWords(origin: string): string {
  if (origin === 'string') return 'a text with a length of';
  return origin === 'array' ? 'a list with a length of' : 'a number of';
}

function describedBy(schema: unknown): string {
  const description = schema instanceof z.ZodType ? schema.description : undefined;
  return description ?? 'of another kind';
}

/** Every fault of a failed parse, one for each unknown key; `unknownKey` words those. */
export function faultsOf(
  error: z.core.$ZodError,
  unknownKey: (key: string) => string = () => 'is not known here',
): readonly Fault[] {
  const faults: Fault[] = [];
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        faults.push({ path: pointerOf([...issue.path, key]), message: unknownKey(key) });
      }
    } else faults.push({ path: pointerOf(issue.path), message: issue.message });
  }
  return limited(faults);
}

function limited(faults: readonly Fault[]): readonly Fault[] {
  if (faults.length <= maxFaults) return faults;
  const message = `${faults.length - maxFaults} more faults are not listed`;
  return [...faults.slice(0, maxFaults), { path: '', message }];
}
