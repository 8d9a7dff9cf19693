import { AppError } from '../errors.ts';

/**
 * The `Idempotency-Key` of a request, 1 to 128 characters; null when it has none. Raises `invalid_request` for one that is
 * empty or too long.
 */
export function idempotencyKeyOf(request: Request): string | null {
  const key = request.headers.get('Idempotency-Key');
  if (key === null || /^[^\p{Cc}]{1,128}$/u.test(key)) return key;
  throw new AppError('invalid_request', 'a header has a fault', {
    faults: [{ path: '/headers/Idempotency-Key', message: 'must be 1 to 128 characters' }],
  });
}
