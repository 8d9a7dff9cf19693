import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import openApi from '../../../docs/openapi.json' with { type: 'json' };
import {
  descriptionFaults,
  handlerFaults,
  type OpenApiPaths,
  previewFaults,
} from '../../../scripts/s-yaml.ts';

const folders = ['chatops', 'scheduler', 'status', 'submit', 'worker'];
const paths: OpenApiPaths = openApi.paths;
let text = '';

beforeAll(async () => {
  text = await readFile('s.yaml', 'utf8');
});

/** The faults after one edit of the real file; the edit must hit something. */
function faultsAfter(from: string | RegExp, to: string): string[] {
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  return descriptionFaults(edited, folders, paths);
}

describe('the rules of s.yaml', () => {
  it('finds nothing wrong with the file as it is', () => {
    expect(descriptionFaults(text, folders, paths)).toEqual([]);
  });

  it.each([
    ['a misspelt key', 'memorySize: 512', 'memroySize: 512', /memroySize/],
    ['an unknown runtime', 'nodejs20', 'nodejs22', /props\.runtime/],
    ['memory off its steps', 'memorySize: 512', 'memorySize: 500', /props\.memorySize/],
    ['too much processor for the memory', 'cpu: 0.35', 'cpu: 8', /props\.cpu.*between 1:1 and 1:4/],
    ['a retry too many', 'maxAsyncRetryAttempts: 0', 'maxAsyncRetryAttempts: 9', /maxAsyncRetry/],
    ['a timeout beyond a day', 'timeout: 60', 'timeout: 86401', /scheduler\.props\.timeout/],
    ['a worker cut off before its budget', 'timeout: 900', 'timeout: 860', /870 or more/],
    [
      'a secret in clear',
      'kms-secret:lanekeeper/database-url',
      'postgres://u:p@h/d',
      /DATABASE_URL/,
    ],
    ['a missing required variable', /^ +SECRETS_KEY: .*\n/m, '', /SECRETS_KEY is required/],
    ['an unknown variable', 'LOG_LEVEL: info', 'LOGLEVEL: info', /LOGLEVEL is no variable/],
    [
      'a name of the platform',
      'LOG_LEVEL: info',
      'FC_REGION: x',
      /FC_REGION: .* keeps FC_ to itself/,
    ],
    [
      'headers in clear',
      'LOG_LEVEL: info',
      'OTEL_EXPORTER_OTLP_HEADERS: a=b',
      /HEADERS must be a ref/,
    ],
    [
      'fixed credentials',
      'LOG_LEVEL: info',
      'ALIBABA_CLOUD_ACCESS_KEY_ID: x',
      /credentials come from the role/,
    ],
    ['an environment that is too large', 'TZ: UTC', `TZ: ${'x'.repeat(4_096)}`, /4096 fit/],
    ['a wrong kind of cron key', 'cronExpression:', 'cron:', /triggerConfig/],
    ['a timer of five fields', /.@every 1m./, "'0 * * * *'", /@every Nm or six fields/],
    ['an hour that does not exist', /.@every 1m./, "'0 0 24 * * *'", /@every Nm or six fields/],
    ['a timer with a word in it', /.@every 1m./, "'0 0 3 * * MON'", /@every Nm or six fields/],
    [
      'a hook that may take too long',
      'scheduler.preStop, timeout: 10',
      'scheduler.preStop, timeout: 91',
      /preStop.timeout/,
    ],
    [
      "another function's hook",
      'worker.initialize',
      'submit.initialize',
      /worker: submit\.initialize must be worker\.initialize/,
    ],
    ['a function that is not closed', /^ +preStop: .*\n/m, '', /submit\..*preStop/],
    [
      'wake-ups whose ids count for nothing',
      'asyncTask: true',
      'asyncTask: false',
      /worker: asyncTask must/,
    ],
    [
      'wake-ups that are forgotten before they are due',
      'InSeconds: 300',
      'InSeconds: 120',
      /worker: events must live for more than 120 s/,
    ],
    [
      'a chat call that is not let through',
      'methods: [POST]',
      'methods: [GET]',
      /chatops: .* no POST/,
    ],
    [
      'a read that is not let through',
      'methods: [GET, HEAD, OPTIONS]',
      'methods: [HEAD]',
      /status: .* no GET/,
    ],
    [
      'a call of the API that is not let through',
      'HEAD, POST, PUT',
      'HEAD, PUT',
      /submit: .* no POST/,
    ],
    ['a method that does not exist', 'methods: [POST]', 'methods: [FETCH]', /methods/],
    [
      'a handler of another bundle',
      'handler: status.handler',
      'handler: submit.handler',
      /status\./,
    ],
    ['an unknown template', 'extend: { name: node }', 'extend: { name: nod }', /unknown template/],
    ['an unknown variable of its own', 'vars.prefix', 'vars.prefx', /prefx.*cannot be resolved/],
    ['a function that does not exist', /^ {2}status:$/m, '  state:', /state: no such function/],
    ['no YAML', 'resources:', 'resources: [', /./],
  ])('refuses %s', (_, from, to, fault) => {
    expect(faultsAfter(from, to).join('\n')).toMatch(fault);
  });

  it('refuses a function folder that is not deployed', () => {
    expect(descriptionFaults(text, [...folders, 'janitor'], paths)).toEqual([
      'janitor is not deployed',
    ]);
  });

  it('takes a key that KMS keeps, which is no secret, and for that key alone', () => {
    const byKms = ['kms-secret:lanekeeper/secrets-key', 'kms:alias/lanekeeper'] as const;

    expect(faultsAfter(...byKms)).toEqual([]);
    expect(faultsAfter('kms-secret:lanekeeper/api-tokens', byKms[1]).join()).toMatch(/API_TOKENS/);
  });

  it.each(['CRON_TZ=Asia/Shanghai 0 30 2 * * *', '0 0/5 8-18 ? * 1-5', '@every 10m'])(
    'takes the timer %s',
    (cron) => {
      expect(faultsAfter(/.@every 1m./, `'${cron}'`)).toEqual([]);
    },
  );

  describe('on the bundles', () => {
    const built = 'let a=1;export{a as handler,b as initialize,c as preStop};';
    const bundles = new Map(folders.map((name): [string, string | null] => [name, built]));

    it('want the handler of each function in its file', () => {
      expect(handlerFaults(text, bundles)).toEqual([]);
      expect(
        handlerFaults(
          text,
          new Map([...bundles, ['status', built.replace('handler', 'other')], ['worker', null]]),
        ),
      ).toEqual([
        'status: dist/status.mjs does not export handler',
        'worker: dist/worker.mjs is not there, npm run build makes it',
      ]);
    });

    it('want the hooks too', () => {
      const unclosed = new Map([...bundles, ['worker', built.replace('preStop', 'halt')]]);

      expect(handlerFaults(text, unclosed)).toEqual([
        'worker: dist/worker.mjs does not export preStop',
      ]);
    });
  });

  it('find what the deploying tool renders otherwise', () => {
    const props = { functionName: 'lanekeeper-x' };
    const faults = previewFaults(text, { resources: { x: { component: 'fc3', props } } });

    expect(faults).toHaveLength(folders.length + 1);
    expect(faults.at(-1)).toMatch(/^resources\.x: /);
  });
});
