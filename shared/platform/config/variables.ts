import { z } from 'zod';
import { logLevels } from '../logger.ts';
import { ApiTokens } from './api-token.ts';
import { ChatActors } from './chat.ts';
import { Notify } from './notify.ts';
import { SecretsKey } from './secrets-key.ts';
import { Sinks } from './sinks.ts';
import {
  CloudEndpoint,
  DatabaseUrl,
  FunctionName,
  HttpUrl,
  JsonText,
  PlatformId,
  SecretText,
  wholeNumber,
} from './values.ts';

const words = (list: readonly string[]): string => list.map((word) => `\`${word}\``).join(' ');

/**
 * Under what names the cloud's clients print headers and bodies, keys and tokens included.
 * Source: httpx 2.3.3, and @alicloud/fc2 2.6.6, `lib/client.js`.
 */
const printingNames = ['httpx', 'httpx:header', 'httpx:body', 'lambda'];

/** Whether a `DEBUG` value, as the package `debug` reads it, switches one of them on. */
function printsCalls(patterns: string): boolean {
  const wanted = patterns
    .split(/[\s,]+/)
    .filter((pattern) => pattern !== '' && !pattern.startsWith('-'));
  return wanted.some((pattern) => {
    const [head = '', ...rest] = pattern.split('*');
    if (rest.length === 0) return printingNames.includes(pattern);
    return printingNames.some((name) => name.startsWith(head) && name.endsWith(rest.at(-1) ?? ''));
  });
}

/**
 * Every variable of the environment that Lanekeeper reads, with its rule and its documentation.
 * `shownDefault` in the metadata is what the generated table prints where no plain default exists.
 */
export const Variables = z.object({
  HOST: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, 'must be a host name or an IP address')
    .default('127.0.0.1')
    .describe('Address the local host listens on.'),
  PORT: wholeNumber(0, 65_535)
    .default(8787)
    .describe(
      'Port of the local host. 0 takes any free one; the chosen one is printed as `listening on http://HOST:PORT`.',
    ),
  DATABASE_URL: DatabaseUrl.optional().meta({
    description:
      'PostgreSQL 13 or later, `postgres://…`. Absent: the embedded database in `DATA_DIR`. Required when deployed.',
  }),
  DATA_DIR: z
    .string()
    .default('.data')
    .describe('Directory of the embedded database and local secrets. `:memory:` keeps nothing.'),
  VPC_ENDPOINT: CloudEndpoint.optional().meta({
    description:
      'Base URL of the VPC API. `{region}` is replaced by the region; `http:` only for this machine.',
    shownDefault: 'simulator locally, `https://vpc.{region}.aliyuncs.com` deployed',
  }),
  KMS_ENDPOINT: CloudEndpoint.optional().meta({
    description:
      'The same for KMS, which keeps what `kms-secret:` references, `kms:` keys and sinks of type `kms` name.',
    shownDefault: 'simulator locally, `https://kms.{region}.aliyuncs.com` deployed',
  }),
  ALIBABA_CLOUD_ACCESS_KEY_ID: z
    .string()
    .regex(/^\S{1,128}$/, 'must be an access key id without spaces')
    .optional()
    .describe("Access key id. In Function Compute the role's is used."),
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: SecretText.optional().describe(
    'Access key secret; needed when the id is given.',
  ),
  ALIBABA_CLOUD_SECURITY_TOKEN: SecretText.optional().describe(
    'Security token, when the access key is a temporary one.',
  ),
  API_TOKENS: JsonText.pipe(ApiTokens).optional().meta({
    description:
      'JSON list of `{"name","sha256","roles"}`: `sha256` is the hex digest of the bearer token, roles are `viewer` `operator` `approver` `admin`. Required when deployed.',
    shownDefault: 'one admin token made at first local start',
  }),
  SECRETS_KEY: SecretsKey.optional().meta({
    description:
      'Base64 of 32 bytes, which wrap pre-shared keys at rest; or `kms:<key id>`: KMS makes such a key once and unwraps it at each start. Required when deployed.',
    shownDefault: 'made at first local start in `DATA_DIR`',
  }),
  SECRETS_KEY_SECOND: SecretsKey.optional().describe(
    'A second key, in either form, that opens and never seals: the next one before `SECRETS_KEY` is replaced, the former one until `npm run rewrap` has ended. See the [runbook](runbook.md).',
  ),
  SLACK_SIGNING_SECRET: SecretText.optional().describe(
    'Slack calls in with signatures under it, see [chat](chat.md). A platform without its secret answers 404.',
  ),
  SLACK_BOT_TOKEN: SecretText.optional().describe('Cards are posted and updated in Slack with it.'),
  DINGTALK_APP_SECRET: SecretText.optional().describe(
    "DingTalk calls in with signatures under it; with the app's key, messages are sent there.",
  ),
  DINGTALK_APP_KEY: PlatformId.optional().describe('Cards are sent in DingTalk with it.'),
  FEISHU_VERIFICATION_TOKEN: SecretText.optional().describe(
    'Feishu calls in with it; needs `FEISHU_ENCRYPT_KEY`.',
  ),
  FEISHU_ENCRYPT_KEY: SecretText.optional().describe(
    'Feishu signs and encrypts with it what it sends.',
  ),
  FEISHU_APP_ID: PlatformId.optional().describe(
    'Answers and cards are sent in Feishu with it; needs `FEISHU_APP_SECRET`.',
  ),
  FEISHU_APP_SECRET: SecretText.optional().describe('Belongs to `FEISHU_APP_ID`.'),
  POLL_INTERVAL_MS: wholeNumber(1, 3_600_000)
    .default(3000)
    .describe(
      'How often changes in flight are looked at, in milliseconds; twice as often those of the longest lanes, where one call tells of many.',
    ),
  WORKER_CONCURRENCY: wholeNumber(1, 100_000)
    .default(50)
    .describe('Most changes that one worker advances at once.'),
  LEASE_SECONDS: wholeNumber(1, 3600)
    .default(30)
    .describe('How long a silent worker keeps a lane, in seconds.'),
  WRITES_PER_MINUTE: wholeNumber(1, 1_000_000)
    .default(100)
    .describe(
      'Writes a minute for each account, region and action, shared by all workers. Less than the quota of 120, which others use too.',
    ),
  READS_PER_MINUTE: wholeNumber(1, 1_000_000)
    .default(480)
    .describe('The same for reads; the quota is 600.'),
  WORKER_BUDGET_SECONDS: wholeNumber(1, 86_400)
    .default(840)
    .describe('A worker run ends by itself after so many seconds and hands over.'),
  HOST_WORKER: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe(
      'Whether the local host also works (`on` `off`). Off: only `npm run worker` processes do.',
    ),
  REQUESTS_PER_MINUTE: wholeNumber(1, 1_000_000)
    .default(1200)
    .describe(
      'Requests a minute for each token, over all function instances; an address has twice that. More are answered 429.',
    ),
  SINKS: JsonText.pipe(Sinks)
    .optional()
    .describe(
      'JSON object from names to where new values are delivered, see [sinks](sinks.md). A reference when deployed and a webhook is among them. The functions `submit`, `scheduler` and `worker` need it.',
    ),
  NOTIFY: JsonText.pipe(Notify)
    .optional()
    .describe(
      'JSON object from names to who is notified, see [chat](chat.md). A reference when deployed and a webhook is among them.',
    ),
  CHAT_ACTORS: JsonText.pipe(ChatActors)
    .optional()
    .describe(
      'JSON list of `{"platform","user","name","roles"}`: which chat user is which actor, see [chat](chat.md). Others may only ask for help.',
    ),
  FC_API: z
    .enum(['local', '2016-08-15', '2023-03-30'], 'must be local, 2016-08-15 or 2023-03-30')
    .optional()
    .meta({
      description:
        'How the worker is woken: `local` within the process, or by an API of Function Compute, `2016-08-15` (2.0) or `2023-03-30` (3.0). Deployed, `local` leaves it to the timer.',
      shownDefault: '`local` locally, `2023-03-30` deployed',
    }),
  FC_ENDPOINT: CloudEndpoint.optional().meta({
    description:
      'Base URL of that API. `{region}` is replaced by `FC_REGION`; `http:` only for this machine.',
    shownDefault: '`https://FC_ACCOUNT_ID.{region}.fc.aliyuncs.com`',
  }),
  FC_ACCOUNT_ID: z
    .string()
    .regex(/^\d{1,32}$/, 'must be an account id of digits')
    .optional()
    .describe('Account of the worker. Function Compute sets it.'),
  FC_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z0-9]+){1,3}$/, 'must be a region id such as cn-hangzhou')
    .optional()
    .describe(
      'Region of the functions: the worker is woken there, and KMS is asked there for `kms-secret:` references and `kms:` keys. Function Compute sets it.',
    ),
  FC_WORKER_SERVICE: FunctionName.optional().describe(
    'Service of the worker, with `2016-08-15` alone.',
  ),
  FC_WORKER_FUNCTION: FunctionName.optional().meta({
    description: "Name of the worker's function.",
    shownDefault: '`FC_FUNCTION_NAME` with `worker` as its last part',
  }),
  FC_FUNCTION_NAME: FunctionName.optional().describe(
    'Not ours: Function Compute sets it to the name of the function that runs.',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: HttpUrl.optional().describe(
    'Base URL of a receiver of OpenTelemetry spans over OTLP/HTTP, such as `http://collector:4318`. Absent: nothing of OpenTelemetry is loaded.',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: SecretText.optional().describe(
    'Headers for it, `name=value,…`, values percent-encoded.',
  ),
  LOG_LEVEL: z
    .enum(logLevels, `must be one of ${logLevels.join(', ')}`)
    .default('info')
    .describe(`Least level of the JSON lines on stderr: ${words(logLevels)}.`),
  DEBUG: z
    .string()
    .refine((patterns) => !printsCalls(patterns), {
      message: 'would make clients print requests with their keys; leave httpx and lambda out',
    })
    .optional()
    .describe('Not ours: what libraries print. Refused where it would print calls to the cloud.'),
});

export type VariableName = keyof typeof Variables.shape;
export type VariableValues = z.infer<typeof Variables>;

/** Every variable's name, in the order of the documentation. */
export const variableNames: readonly VariableName[] = Variables.keyof().options;

/** Required when deployed, and then only by reference, so that no deployment description holds them. */
export const referencedWhenDeployed = [
  'DATABASE_URL',
  'SECRETS_KEY',
  'API_TOKENS',
] as const satisfies readonly VariableName[];
