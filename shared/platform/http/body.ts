import { AppError } from '../errors.ts';

/** The largest body that is taken, in bytes. */
export const maxBodyBytes = 16 * 1024 * 1024;

/**
 * The JSON value of a request's body. Raises `unsupported_media_type`, `too_large` (as soon as that is known, with or
 * without `Content-Length`) or `invalid_json`. The body is never repeated in an error: it may hold keys.
 */
export async function readJson(request: Request): Promise<unknown> {
  requireJsonType(request.headers.get('Content-Type'));
  const bytes = await readBytes(request, maxBodyBytes);
  const text = textOf(bytes);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    throw new AppError('invalid_json', 'the body is not valid JSON');
  }
}

/** A request's body as it came, for whom a signature over it is checked. Raises `too_large` for more than `maxBytes`. */
function requireJsonType(contentType: string | null): void {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((part) => part.trim()).find((part) => part.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (type.trim() === 'application/json' && isUtf8) return;
  throw new AppError('unsupported_media_type', 'the body must be application/json in UTF-8');
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('too_large', `the body must be at most ${maxBytes} bytes`);
}

/** A request's body as it came. Raises `too_large` as soon as it is known to be more than `maxBytes`. */
export async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      throw tooLarge(maxBytes);
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
