import { AppError } from '../errors.ts';

/** The largest body that is taken, in bytes. */
export const maxBodyBytes = 16 * 1024 * 1024;

/**
 * The JSON value of a request's body. Raises `unsupported_media_type`, `too_large` (as soon as that is known, with or
 * without `Content-Length`) or `invalid_json`. The body is never repeated in an error: it may hold keys.
 */
export async function readJson(request: Request): Promise<unknown> {
  requireJsonType(request.headers.get('Content-Type'));
  const bytes = await readBytes(request);
  const text = textOf(bytes);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    throw new AppError('invalid_json', 'the body is not valid JSON');
  }
}

function requireJsonType(contentType: string | null): void {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((part) => part.trim()).find((part) => part.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (type.trim() === 'application/json' && isUtf8) return;
  throw new AppError('unsupported_media_type', 'the body must be application/json in UTF-8');
}

function tooLarge(): AppError {
  return new AppError('too_large', `the body must be at most ${maxBodyBytes} bytes`);
}

async function readBytes(request: Request): Promise<Buffer> {
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBodyBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBodyBytes) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, size);
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new AppError('invalid_json', 'the body is not UTF-8');
  }
}
