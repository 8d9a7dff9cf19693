import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { faultsOf, plainMessage, pointerOf } from '../../../shared/platform/http/faults.ts';

function messagesFor(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value, { error: plainMessage });
  return parsed.success ? [] : faultsOf(parsed.error).map(({ message }) => message);
}

function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

describe('pointerOf', () => {
  it('can be read back', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 20 })), (path) => {
        expect(partsOf(pointerOf(path))).toEqual(path);
      }),
    );
  });

  it('shortens what is too long and mends what is broken', () => {
    expect(pointerOf(['x'.repeat(101)])).toBe(`/${'x'.repeat(100)}…`);
    expect(pointerOf(['\ud800'])).toBe('/\uFFFD');
  });
});

describe('plainMessage', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['is required', z.object({ a: z.string() }), {}],
    ['must be a string', z.string(), 1],
    ['must be an object', z.object({}), []],
    ['must be a list', z.array(z.string()), {}],
    ['must be one of a, b', z.enum(['a', 'b']), 'hush'],
    ['must be a', z.literal('a'), 'hush'],
    ['must be a number of 1 or more', z.number().min(1), 0],
    ['must be a number of 1 or less', z.number().max(1), 2],
    ['must be a text with a length of 2 or more', z.string().min(2), 'h'],
    ['must be a list with a length of 1 or less', z.array(z.int()).max(1), [1, 2]],
    [
      'must be yes or no',
      z.union([z.literal('yes'), z.literal('no')]).describe('yes or no'),
      'hush',
    ],
    ['must be of another kind', z.union([z.literal('yes'), z.literal('no')]), 'hush'],
    ['is not known here', z.strictObject({}), { x: 1 }],
  ])('says: %s', (message, schema, value) => {
    expect(messagesFor(schema, value)).toEqual([message]);
  });
});
