const { readdirSync } = require('node:fs');

/**
 * The architecture in one sentence: shared ← functions ← local ← test (bench and scripts sit with test).
 * Imports only point left. Inside shared: platform ← domain nouns ← adapters.
 */

/** Domain nouns in rank order: a noun may import the groups before its own, never after; nouns of one group are strangers. */
const nounGroups = [
  ['connection', 'secret', 'auth', 'rotation', 'sink'],
  ['plan', 'change'],
  ['job'],
  ['lane', 'budget', 'freeze'],
  ['inventory', 'journal'],
  ['metrics'],
  ['worker', 'progress', 'preview'],
  ['schedule', 'approval'],
  ['chat'],
  ['notice'],
];

const nouns = nounGroups.flat();
const unranked = readdirSync('shared').filter(
  (name) => !['platform', 'adapters', ...nouns].includes(name),
);
if (unranked.length > 0) throw new Error(`shared/${unranked.join(', shared/')} has no rank`);
const any = (names) => `(${names.join('|')})`;

const nounOrder = nounGroups.flatMap((group, rank) => {
  const later = nounGroups.slice(rank + 1).flat();
  return group.map((noun) => ({
    name: `noun-order-${noun}`,
    severity: 'error',
    from: { path: `^shared/${noun}/` },
    to: {
      path: `^shared/${any([...later, ...group.filter((other) => other !== noun), 'adapters'])}/`,
    },
  }));
});

/** @param {string} name @param {object} from @param {object} to */
const forbid = (name, from, to) => ({ name, severity: 'error', from, to });

/** Packages with one home each, so that changing one changes one place. */
const vendorHomes = {
  '@alicloud/': 'shared/adapters/(aliyun|fc)/',
  'pg/': 'shared/adapters/postgres/',
  '@electric-sql/': 'local/embedded/',
  'p-queue/': 'shared/(inventory|worker)/',
  'hono/': 'shared/platform/http/',
  '@hono/': 'local/host/',
  'yaml/': 'shared/plan/',
  'jose/': 'shared/adapters/sinks/',
  'ulid/': 'shared/platform/id\\.ts$',
  '@opentelemetry/': 'shared/adapters/otel/',
  'canonicalize/': 'shared/platform/canonical\\.ts$',
  'cli-progress/': 'local/demo/',
  'croner/': 'shared/schedule/cron\\.ts$',
  'fastest-levenshtein/': 'shared/chat/nearest\\.ts$',
};

const vendorsStayHome = Object.entries(vendorHomes).map(([vendor, home]) =>
  forbid(
    `${vendor.replace(/\W+/g, ' ').trim().replaceAll(' ', '-')}-stays-home`,
    { path: '^(shared|functions|local)/', pathNot: `^${home}` },
    { path: `^node_modules/${vendor}` },
  ),
);

module.exports = {
  forbidden: [
    forbid(
      'shared-stands-alone',
      { path: '^shared/' },
      { path: '^(functions|local|test|bench|scripts)/' },
    ),
    forbid(
      'deployed-code-never-reaches-for-the-fake',
      { path: '^functions/' },
      { path: '^(local|test|bench|scripts)/' },
    ),
    forbid('local-does-not-import-tests', { path: '^local/' }, { path: '^(test|bench|scripts)/' }),
    forbid(
      'functions-are-strangers',
      { path: '^functions/([^/]+)/' },
      { path: '^functions/', pathNot: '^functions/$1/' },
    ),
    forbid(
      'platform-is-the-floor',
      { path: '^shared/platform/' },
      { path: `^shared/${any([...nouns, 'adapters'])}/` },
    ),
    forbid(
      'adapters-are-strangers',
      { path: '^shared/adapters/([^/]+)/' },
      { path: '^shared/adapters/', pathNot: '^shared/adapters/$1/' },
    ),
    forbid(
      'wired-in-one-place',
      {
        path: '^functions/',
        pathNot: '^functions/([^/]+/(index|open-[^/]+)|custom-runtime)\\.ts$',
      },
      { path: '^shared/adapters/' },
    ),
    ...vendorsStayHome,
    forbid(
      'the-simulator-is-independent',
      { path: '^local/simulator/' },
      { path: '^(shared|functions)/' },
    ),
    forbid(
      'the-simulator-is-a-product',
      { path: '^local/simulator/' },
      { path: '^local/', pathNot: '^local/simulator/' },
    ),
    forbid(
      'secrets-leave-by-one-door',
      {
        path: '^(shared|functions|local)/',
        pathNot:
          '^shared/(secret/|connection/mask\\.ts|adapters/(aliyun|chat|otel|sinks)/|adapters/fc/fc[23]-tasks)',
      },
      { path: '^shared/platform/secret-reveal\\.ts$' },
    ),
    {
      // Whatever way it takes: what is deployed neither carries the fake nor migrates a database.
      name: 'deployed-code-reaches-no-local-code',
      severity: 'error',
      from: { path: '^functions/' },
      to: { path: '^(local|test|bench|scripts)/|/postgres/migrate\\.ts$', reachable: true },
    },
    forbid(
      'tests-are-no-library',
      { path: '^(scripts|bench)/' },
      { path: '^test/.*\\.test\\.ts$' },
    ),
    ...nounOrder,
    forbid('no-cycles', {}, { circular: true }),
    forbid('no-unresolved', {}, { couldNotResolve: true }),
    forbid(
      'no-barrels-in-shared',
      { path: '^(shared|local)/' },
      { path: '^shared/.*/index\\.ts$' },
    ),
    forbid(
      'not-to-dev-dep',
      { path: '^(shared|functions)/' },
      { dependencyTypes: ['npm-dev', 'npm-optional'], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'no-undeclared-packages',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'deprecated'] },
    ),
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '^scripts/', '^bench/', '\\.config\\.ts$', '^test/'],
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
