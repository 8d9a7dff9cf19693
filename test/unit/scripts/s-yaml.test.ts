import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { descriptionFaults } from '../../../scripts/s-yaml.ts';

const folders = ['chatops', 'scheduler', 'status', 'submit', 'worker'];
let text = '';

beforeAll(async () => {
  text = await readFile('s.yaml', 'utf8');
});

/** The faults after one edit of the real file; the edit must hit something. */
function faultsAfter(from: string | RegExp, to: string): string[] {
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  return descriptionFaults(edited, folders);
}

describe('the rules of s.yaml', () => {
  it('finds nothing wrong with the file as it is', () => {
    expect(descriptionFaults(text, folders)).toEqual([]);
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
      'fixed credentials',
      'LOG_LEVEL: info',
      'ALIBABA_CLOUD_ACCESS_KEY_ID: x',
      /credentials come from the role/,
    ],
    ['an environment that is too large', 'TZ: UTC', `TZ: ${'x'.repeat(4_096)}`, /4096 fit/],
    ['a wrong kind of cron key', 'cronExpression:', 'cron:', /triggerConfig/],
    ['a timer of five fields', /.@every 1m./, "'0 * * * *'", /@every Nm or six fields/],
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
    expect(descriptionFaults(text, [...folders, 'janitor'])).toEqual(['janitor is not deployed']);
  });
});
