/** What a caller may be told about each code: HTTP status, whose fault it is, whether a retry can help, and a title. */
export const errorCatalog = {
  invalid_json: { status: 400, blame: 'caller', retry: 'never', title: 'The body is not JSON' },
  invalid_plan: { status: 400, blame: 'caller', retry: 'never', title: 'The plan has faults' },
  invalid_request: {
    status: 400,
    blame: 'caller',
    retry: 'never',
    title: 'The request has faults',
  },
  unauthenticated: { status: 401, blame: 'caller', retry: 'never', title: 'No valid token' },
  forbidden: {
    status: 403,
    blame: 'caller',
    retry: 'never',
    title: 'The role does not allow this',
  },
  not_found: { status: 404, blame: 'caller', retry: 'never', title: 'There is no such thing' },
  method_not_allowed: {
    status: 405,
    blame: 'caller',
    retry: 'never',
    title: 'The path does not take this method',
  },
  conflict: { status: 409, blame: 'caller', retry: 'later', title: 'It cannot be done now' },
  rollback_expired: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    title: 'What it takes to go back is kept no longer',
  },
  too_large: { status: 413, blame: 'caller', retry: 'never', title: 'The body is too large' },
  unsupported_media_type: {
    status: 415,
    blame: 'caller',
    retry: 'never',
    title: 'The content type is not accepted',
  },
  idempotency_key_reused: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    title: 'The key was used for another plan',
  },
  rate_limited: { status: 429, blame: 'caller', retry: 'later', title: 'Too many requests' },
  unavailable: { status: 503, blame: 'us', retry: 'later', title: 'The service cannot answer now' },
  internal: { status: 500, blame: 'us', retry: 'never', title: 'The service failed' },
  invalid_configuration: {
    status: 500,
    blame: 'us',
    retry: 'never',
    title: 'The configuration has faults',
  },
  database_locked: {
    status: 500,
    blame: 'us',
    retry: 'never',
    title: 'The database is in use by another process',
  },
} as const satisfies Record<
  string,
  { status: number; blame: 'caller' | 'cloud' | 'us'; retry: 'never' | 'later'; title: string }
>;

export type ErrorCode = keyof typeof errorCatalog;

/** One fault of bad input: where (a JSON pointer) and what is allowed there. */
export interface Fault {
  path: string;
  message: string;
}

/**
 * The only error thrown on purpose. `message` is lower case, names the wrong value unless it is secret, and says
 * what to do; it may be shown to the caller, so nothing internal goes in. `faults` lists every fault of bad input;
 * `retryAfterSeconds` goes into `Retry-After`, `members` beside the others into the problem's body.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly retryAfterSeconds: number | undefined;
  readonly members: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown;
      faults?: readonly Fault[];
      retryAfterSeconds?: number;
      members?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'AppError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.members = options.members ?? {};
  }
}

/** Any thrown thing as an AppError; what we did not throw on purpose becomes `internal` with a neutral message. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('internal', 'the service met an unexpected fault', { cause: error });
}

/** The branch of an exhaustive switch that cannot be reached. */
export function unreachable(value: never): never {
  throw new AppError('internal', `unexpected value ${JSON.stringify(value)}`);
}
