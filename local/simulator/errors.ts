import { errorTable, type KnownErrorCode } from './error-table.ts';

/** What a caller of the simulator's own functions did wrong; never an answer of the cloud. */
export type SimulatorErrorCode =
  | 'bad_options'
  | 'bad_inventory'
  | 'bad_settings'
  | 'unknown_resource'
  | 'scope_busy';

/** Misuse of the simulator by a test or a program, as opposed to {@link ApiFault}. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** An error answer of the cloud: rendered as HTTP status and `{RequestId, HostId, Code, Message, Recommend}`. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  /** `Code` of the answer. */
  readonly code: string;
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(code: string, message?: string, status?: number) {
    const known = describeErrorCode(code);
    super(message ?? known.message);
    this.code = code;
    this.status = status ?? known.status;
  }
}

/** Families of codes that the documents name by pattern; tried in order after the exact codes. */
const families: readonly (readonly [RegExp, number])[] = [
  [/^Forbidden\./, 403],
  [/\.NotFound$/, 404],
  [/^(InternalError|UnknownError)/, 500],
  [/^ServiceUnavailable/, 503],
];

function isKnown(code: string): code is KnownErrorCode {
  return Object.hasOwn(errorTable, code);
}

/** HTTP status and message of any code: exact ones from the table, others by family, the rest 400. */
function describeErrorCode(code: string): {
  readonly status: number;
  readonly message: string;
} {
  if (isKnown(code)) {
    const [status, message] = errorTable[code];
    return { status, message };
  }
  const family = families.find(([pattern]) => pattern.test(code));
  return { status: family?.[1] ?? 400, message: `The request failed with ${code}.` };
}
