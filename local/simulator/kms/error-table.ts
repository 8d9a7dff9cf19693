import { ApiFault } from '../errors.ts';

/**
 * Error codes of the KMS API 2016-01-20: HTTP status and message. From the API document CreateSecret and the page
 * "Sample responses" (common error codes) of KMS. Misspellings are the cloud's.
 */
const kmsErrorTable = {
  'Forbidden.ResourceNotFound': [404, 'The resource is not found.'],
  'Forbidden.KeyNotFound': [404, 'The specified Key is not found.'],
  'Forbidden.AliasNotFound': [404, 'The specified Alias is not found.'],
  'Forbidden.NoPermission': [403, 'This operation is forbidden by permission system.'],
  'Forbidden.KmsServiceNotEnabled': [
    403,
    'Kms service is not Enabled for current user. Please get access permission first.',
  ],
  'Rejected.ResourceExist': [409, 'The resource already exists.'],
  'Rejected.ResourceInDeleteWindow': [409, 'The secret is planned to be deleted.'],
  'Rejected.LimitExceeded': [400, 'The secret quota is exceeded.'],
  'Rejected.Disabled': [409, 'The request was rejected because the key state is Disabled.'],
  'Rejetced.PendingDeletion': [
    409,
    'The request was rejected because the key state is PendingDeletion.',
  ],
  'Rejected.Unavailable': [400, 'The secret is not available.'],
  'Rejected.Throttling': [429, 'The QPS upper limit is exceeded.'],
  'Rejected.UnsupportedOperation': [400, 'Unsupported operation.'],
  InternalFailure: [500, 'Internal Failure.'],
  SerivceUnavailableTemporary: [503, 'Service Unavailable Temporary.'],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

/** A refusal of KMS; codes that its pages do not list are rendered as those of the VPC API. */
export function kmsFault(code: string, message?: string): ApiFault {
  const known = isListed(code) ? kmsErrorTable[code] : [undefined, undefined];
  return new ApiFault(code, message ?? known[1], known[0]);
}

function isListed(code: string): code is keyof typeof kmsErrorTable {
  return Object.hasOwn(kmsErrorTable, code);
}
