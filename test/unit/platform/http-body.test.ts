import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { maxBodyBytes, readJson } from '../../../shared/platform/http/body.ts';

const json = { 'Content-Type': 'application/json' };

function post(body: string | Uint8Array | null, headers: Record<string, string> = json): Request {
  return new Request('http://lanekeeper.test/', { method: 'POST', headers, body });
}

/** A body of unknown length, in pieces of 1 MiB. */
function streamed(mebibytes: number): { request: Request; sent(): number } {
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (sent === mebibytes) return controller.close();
      sent += 1;
      controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
    },
  });
  const init = { method: 'POST', headers: json, body, duplex: 'half' } as const;
  return { request: new Request('http://lanekeeper.test/', init), sent: () => sent };
}

describe('readJson', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
  ])('takes %s', async (type) => {
    expect(await readJson(post('{"a":1}', { 'Content-Type': type }))).toEqual({ a: 1 });
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json; charset=utf-16',
    'multipart/form-data',
  ])('refuses %s', async (type) => {
    await expect(readJson(post('{}', { 'Content-Type': type }))).rejects.toMatchObject({
      code: 'unsupported_media_type',
    });
  });

  it('refuses a body without a content type', async () => {
    const request = post(new Uint8Array([0x7b, 0x7d]), {});

    await expect(readJson(request)).rejects.toMatchObject({ code: 'unsupported_media_type' });
  });

  it.each([
    ['nothing', ''],
    ['half an object', '{"Psk":"hush"'],
    ['a bare word', 'hush'],
    ['two values', '{} {}'],
    ['a comment', '{/* hush */}'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ])('refuses %s and does not repeat it', async (_, body) => {
    const error: unknown = await readJson(post(body)).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'invalid_json' });
    expect(inspect(error, { depth: 9 })).not.toContain('hush');
  });

  it('takes a body of exactly the largest size', async () => {
    const text = `"${'x'.repeat(maxBodyBytes - 2)}"`;

    expect(await readJson(post(text))).toHaveLength(maxBodyBytes - 2);
  });

  it('refuses a larger one by its Content-Length, unread', async () => {
    const { request, sent } = streamed(1);
    request.headers.set('Content-Length', String(maxBodyBytes + 1));

    await expect(readJson(request)).rejects.toMatchObject({ code: 'too_large' });
    expect(sent()).toBeLessThanOrEqual(1);
  });

  it('stops reading a larger one of unknown length', async () => {
    const { request, sent } = streamed(1000);

    await expect(readJson(request)).rejects.toMatchObject({ code: 'too_large' });
    expect(sent()).toBeLessThan(20);
  });
});
