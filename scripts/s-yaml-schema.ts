import { z } from 'zod';
import { referencedWhenDeployed, variableNames } from '../shared/platform/config/variables.ts';

/*
 * The parts of a Serverless Devs description (edition 3.0.0, component fc3) that this project uses, strictly: the
 * component's own schema accepts keys it does not know. Limits are those of Function Compute's documentation.
 */

const whole = (least: number, most: number) => z.number().int().min(least).max(most);

/** A reference to a value that stands elsewhere, as the configuration understands it. */
const Reference = z
  .string()
  .regex(
    /^(kms-secret:[\w/+=.@-]+|file:\/.+)$/,
    'must be a reference (kms-secret:NAME, file:PATH)',
  );

const runtimeVariables = ['NODE_ENV', 'NODE_OPTIONS', 'TZ'];
const secretName = /(SECRET|TOKEN|TOKENS|KEY|HEADERS|DATABASE_URL)$/;
/** Function Compute gives the role's credentials to each invocation; fixed ones would outlive it. */
const credentialName = /^ALIBABA_CLOUD_/;
/** Deployed, variables of ours with such a name have `LANEKEEPER_` before it. Source: "Configure environment variables". */
const keptName = /^FC_/;
const mostEnvironmentBytes = 4_096;

function environmentFaults(environment: Readonly<Record<string, string>>): string[] {
  const known = new Set<string>([
    ...variableNames.map((name) => (keptName.test(name) ? `LANEKEEPER_${name}` : name)),
    ...runtimeVariables,
  ]);
  const faults = Object.entries(environment).flatMap(([name, value]) => {
    if (keptName.test(name)) return [`${name}: Function Compute keeps FC_ to itself`];
    if (!known.has(name)) return [`${name} is no variable of the configuration`];
    if (credentialName.test(name)) return [`${name}: credentials come from the role`];
    const namesKey = /^SECRETS_KEY/.test(name) && /^kms:[\w/.:-]+$/.test(value);
    if (secretName.test(name) && !namesKey && !Reference.safeParse(value).success) {
      return [`${name} must be a reference (kms-secret:NAME, file:PATH)`];
    }
    return [];
  });
  const missing = referencedWhenDeployed.filter((name) => environment[name] === undefined);
  const bytes = Buffer.byteLength(Object.entries(environment).flat().join(''));
  return [
    ...faults,
    ...missing.map((name) => `${name} is required when deployed`),
    ...(bytes > mostEnvironmentBytes ? [`has ${bytes} bytes, ${mostEnvironmentBytes} fit`] : []),
  ];
}

const Environment = z.record(z.string(), z.string()).superRefine((environment, context) => {
  for (const message of environmentFaults(environment)) context.addIssue(message);
});

const HttpTrigger = z.strictObject({
  triggerName: z.string(),
  triggerType: z.literal('http'),
  triggerConfig: z.strictObject({
    authType: z.literal('anonymous'),
    disableURLInternet: z.boolean(),
    methods: z.array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])).min(1),
  }),
});

/** Seconds, minutes, hours, days, months and days of the week of a timer's cron expression. */
const cronFields = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

function isCron(expression: string): boolean {
  if (/^@every [1-9]\d*m$/.test(expression)) return true;
  const fields = expression.replace(/^CRON_TZ=[\w/+-]+ /, '').split(' ');
  const fits = (text: string, [least, most]: readonly [number, number]): boolean =>
    /^(\*|\?|\d+(-\d+)?)(\/[1-9]\d*)?(,\d+(-\d+)?)*$/.test(text) &&
    (text.replace(/\/\d+/g, '').match(/\d+/g) ?? []).every(
      (number) => Number(number) >= least && Number(number) <= most,
    );
  return (
    fields.length === cronFields.length &&
    cronFields.every((range, index) => fits(fields[index] ?? '', range))
  );
}

const TimerTrigger = z.strictObject({
  triggerName: z.string(),
  triggerType: z.literal('timer'),
  triggerConfig: z.strictObject({
    cronExpression: z.string().refine(isCron, 'must be @every Nm or six fields'),
    enable: z.boolean(),
    payload: z.string(),
  }),
});

const hook = (mostSeconds: number) =>
  z.strictObject({
    handler: z.string().regex(/^[a-z][a-z0-9-]*\.[A-Za-z]+$/, 'must be FILE.EXPORT'),
    timeout: whole(1, mostSeconds),
  });

/** What the platform calls at an instance's start and before its end. */
export const LifecycleHooks = z.strictObject({
  initializer: hook(300),
  preStop: hook(90),
});

const Props = z
  .strictObject({
    functionName: z
      .string()
      .regex(/^[A-Za-z_][\w-]{0,63}$/, 'must be 1 to 64 letters, digits, _ -'),
    description: z.string().max(256),
    handler: z.string().regex(/^[a-z][a-z0-9-]*\.handler$/, 'must be FILE.handler'),
    region: z.string().regex(/^[a-z]{2}-[a-z0-9-]+$/),
    runtime: z.literal('nodejs20'),
    code: z.literal('./dist'),
    cpu: z.number().min(0.05).max(16).multipleOf(0.05),
    memorySize: whole(128, 32_768).multipleOf(64),
    diskSize: z.union([z.literal(512), z.literal(10_240)]),
    timeout: whole(1, 86_400),
    internetAccess: z.boolean(),
    role: z.string().regex(/^acs:ram::[\d*]+:role\/[\w.-]+$/),
    logConfig: z.literal('auto'),
    vpcConfig: z.strictObject({
      vpcId: z.string().startsWith('vpc-'),
      vSwitchIds: z.array(z.string().startsWith('vsw-')).min(1),
      securityGroupId: z.string().startsWith('sg-'),
    }),
    environmentVariables: Environment,
    instanceLifecycleConfig: LifecycleHooks,
    concurrencyConfig: z.strictObject({ reservedConcurrency: whole(1, 90) }).optional(),
    asyncInvokeConfig: z.strictObject({
      /** Makes invocations tasks, each id of which is taken once. */
      asyncTask: z.boolean().optional(),
      maxAsyncRetryAttempts: whole(0, 8),
      maxAsyncEventAgeInSeconds: whole(1, 604_800),
    }),
    triggers: z
      .array(z.discriminatedUnion('triggerType', [HttpTrigger, TimerTrigger]))
      .min(1)
      .optional(),
  })
  .superRefine(({ cpu, memorySize }, context) => {
    const gigabytesPerCpu = memorySize / 1_024 / cpu;
    if (gigabytesPerCpu < 1 || gigabytesPerCpu > 4) {
      context.addIssue({
        code: 'custom',
        path: ['cpu'],
        message: 'must stand to memory in GB between 1:1 and 1:4',
      });
    }
  });
export type Props = z.infer<typeof Props>;

const Actions = z.strictObject({
  'pre-deploy': z.array(z.strictObject({ run: z.string(), path: z.string() })),
});

/** The file with its variables put in and its template merged into each function. */
export const Description = z.strictObject({
  edition: z.literal('3.0.0'),
  name: z.string(),
  access: z.string(),
  vars: z.record(z.string(), z.string()),
  resources: z.record(
    z.string(),
    z.strictObject({
      component: z.literal('fc3'),
      actions: Actions.optional(),
      props: Props,
    }),
  ),
});
export type Description = z.infer<typeof Description>;
