import { describe, expect, it } from 'vitest';
import { requestIdOf } from '../../../../shared/adapters/fc/request-id.ts';

describe("an invocation's request id", () => {
  it.each([
    [{ requestId: '1-6741-9f', region: 'cn-hangzhou' }, '1-6741-9f'],
    [{ requestId: '' }, null],
    [{}, null],
    [undefined, null],
  ])('of %j is %j', (context, id) => {
    expect(requestIdOf(context)).toBe(id);
  });
});
