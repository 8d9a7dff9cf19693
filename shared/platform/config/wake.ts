import type { Fault } from '../errors.ts';
import type { VariableName, VariableValues } from './variables.ts';

/** How the worker is woken. `local`: within the process, and deployed by the timer alone. */
export type WakeConfig =
  | { api: 'local' }
  | {
      api: '2016-08-15';
      endpoint: string;
      accountId: string;
      region: string;
      serviceName: string;
      functionName: string;
    }
  | { api: '2023-03-30'; endpoint: string; functionName: string };

type Api = WakeConfig['api'];
type Settings = Partial<Record<VariableName, string>>;

/** The last part of each function's name, as `s.yaml` makes them. */
const functionPart = /(?<=^|[-_])(chatops|scheduler|status|submit|worker)$/;

/** What each API needs beside what Function Compute tells, and what it has no use for. */
const needs: Readonly<Record<Api, { required: VariableName[]; useless: VariableName[] }>> = {
  local: { required: [], useless: ['FC_ENDPOINT', 'FC_WORKER_SERVICE', 'FC_WORKER_FUNCTION'] },
  '2016-08-15': { required: ['FC_ACCOUNT_ID', 'FC_REGION', 'FC_WORKER_SERVICE'], useless: [] },
  '2023-03-30': { required: [], useless: ['FC_WORKER_SERVICE'] },
};

/** The API that is called when none is named. */
function defaultWakeApi(deployed: boolean): Api {
  return deployed ? '2023-03-30' : 'local';
}

/** What is missing for the API that is called, and what contradicts it. Each value's own form is checked elsewhere. */
export function wakeFaults(given: Settings, { deployed }: { deployed: boolean }): readonly Fault[] {
  const api = given.FC_API ?? defaultWakeApi(deployed);
  if (!isApi(api)) return [];
  const { required, useless } = needs[api];
  const missing = [
    ...required,
    ...(api === '2023-03-30' && given.FC_ENDPOINT === undefined
      ? (['FC_ACCOUNT_ID', 'FC_REGION'] as const)
      : []),
  ].filter((name) => given[name] === undefined);
  const nameless = api !== 'local' && workerNameOf(given) === null;
  return [
    ...missing.map((path) => ({ path, message: `is required with FC_API ${api}` })),
    ...(nameless ? [{ path: 'FC_WORKER_FUNCTION', message: namelessWorker(api) }] : []),
    ...useless
      .filter((name) => given[name] !== undefined)
      .map((path) => ({ path, message: `has no meaning with FC_API ${api}; leave it unset` })),
  ];
}

/** The settings, when there were no faults. */
export function wakeConfigOf(
  values: VariableValues,
  { deployed }: { deployed: boolean },
): WakeConfig {
  const api = values.FC_API ?? defaultWakeApi(deployed);
  const { FC_ACCOUNT_ID: accountId = '', FC_REGION: region = '' } = values;
  const functionName = workerNameOf(values) ?? '';
  const endpoint = (
    values.FC_ENDPOINT ?? `https://${accountId}.{region}.fc.aliyuncs.com`
  ).replaceAll('{region}', region);
  switch (api) {
    case 'local':
      return { api };
    case '2016-08-15': {
      const serviceName = values.FC_WORKER_SERVICE ?? '';
      return { api, endpoint, accountId, region, serviceName, functionName };
    }
    case '2023-03-30':
      return { api, endpoint, functionName };
  }
}

function isApi(text: string): text is Api {
  return text in needs;
}

/** The worker's name: the one given, or that of this function with its last part changed. */
function workerNameOf(given: {
  FC_WORKER_FUNCTION?: string | undefined;
  FC_FUNCTION_NAME?: string | undefined;
}): string | null {
  const { FC_WORKER_FUNCTION: named, FC_FUNCTION_NAME: own = '' } = given;
  return named ?? (functionPart.test(own) ? own.replace(functionPart, 'worker') : null);
}

function namelessWorker(api: Api): string {
  return `is required with FC_API ${api} where it cannot be told from the name of the function`;
}
