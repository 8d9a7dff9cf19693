/*
 * The policy of the role that the functions run under.
 */

interface Statement {
  Effect: 'Allow';
  Action: readonly string[];
  Resource: readonly string[];
}

interface Service {
  /** Its name in RAM. */
  code: string;
  /** What the operations may be used on, as far as it is known before anything exists. */
  resources: readonly string[];
  operations: RegExp;
}

/** In the order of the policy. Sources: the "RAM authorization" tables of each API's reference. */
const services: readonly Service[] = [
  {
    code: 'vpc',
    // Plans name connections anywhere; lists have no resource of their own.
    resources: ['*'],
    operations: /Vpn|Tunnel|CustomerGateway/,
  },
  {
    code: 'kms',
    resources: ['acs:kms:*:*:secret/*', 'acs:kms:*:*:key/*'],
    operations: /^(Encrypt|Decrypt|GenerateDataKey)$|Secret/,
  },
  {
    code: 'fc',
    // Of Function Compute 3.0, and of 2.0 with its services.
    resources: ['acs:fc:*:*:functions/*-worker', 'acs:fc:*:*:services/*/functions/*-worker'],
    operations: /^InvokeFunction$/,
  },
];

/**
 * The policy that allows exactly these API operations, as the text of its file. Raises for an operation of which it does
 * not know the service.
 */
export function ramPolicyText(operations: readonly string[]): string {
  const statements = services.flatMap(({ code, resources, operations: owned }): Statement[] => {
    const actions = operations.filter((operation) => owned.test(operation));
    if (actions.length === 0) return [];
    return [
      {
        Effect: 'Allow',
        Action: actions.map((operation) => `${code}:${operation}`),
        Resource: resources,
      },
    ];
  });
  const strange = operations.filter(
    (operation) => !services.some(({ operations: owned }) => owned.test(operation)),
  );
  if (strange.length > 0) {
    throw new Error(`scripts/ram-policy.ts does not know the service of ${strange.join(', ')}`);
  }
  return `${JSON.stringify({ Version: '1', Statement: statements }, null, 2)}\n`;
}
