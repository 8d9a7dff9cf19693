import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { longestDelaySeconds } from '../shared/adapters/fc/wake-task.ts';
import { Variables } from '../shared/platform/config/variables.ts';
import { Description, LifecycleHooks, type Props } from './s-yaml-schema.ts';

const Mapping = z.record(z.string(), z.unknown());

/** As the file is written: before variables and templates are put in. */
const Written = z.strictObject({
  edition: z.unknown(),
  name: z.unknown(),
  access: z.unknown(),
  vars: Mapping,
  template: z.record(z.string(), Mapping),
  resources: z.record(
    z.string(),
    z.strictObject({
      component: z.unknown(),
      extend: z.strictObject({ name: z.string() }).optional(),
      actions: z.unknown().optional(),
      props: Mapping,
    }),
  ),
});

/** A run that ends at its budget still needs time for its last steps. */
const leastSecondsAfterBudget = 30;

/** Every text of a value put through `change`. */
function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]),
  );
}

/** `${env('NAME', 'default')}` gives its default: what is checked does not depend on who checks. */
function withDefaults(text: string): string {
  return text.replace(/\$\{env\('\w+', '([^']*)'\)\}/g, '$1');
}

/** The description as the deploying tool would see it, not checked yet. */
function render(text: string): unknown {
  const { template, ...written } = Written.parse(mapTexts(parse(text), withDefaults));
  const resources = Object.entries(written.resources).map(([name, { extend, props, ...rest }]) => {
    const base = extend === undefined ? {} : template[extend.name];
    if (base === undefined) throw new Error(`resources.${name} extends an unknown template`);
    return [name, { ...rest, props: { ...base, ...props } }];
  });
  const put = (value: string): unknown =>
    value.replace(/\$\{vars\.(\w+)\}/g, (whole, key) => String(written.vars[key] ?? whole));
  const rendered = mapTexts({ ...written, resources: Object.fromEntries(resources) }, put);
  const left = /\$\{[^}]*\}?/.exec(JSON.stringify(rendered));
  if (left !== null) throw new Error(`${left[0]} cannot be resolved`);
  return rendered;
}

function propsFaults(name: string, props: Props): string[] {
  const faults: string[] = [];
  const { handler, triggers = [], instanceLifecycleConfig: hooks } = props;
  if (handler !== `${name}.handler`) faults.push(`${name}: handler must be ${name}.handler`);
  for (const [hook, called] of [
    [hooks.initializer, `${name}.initialize`],
    [hooks.preStop, `${name}.preStop`],
  ] as const) {
    if (hook.handler !== called) faults.push(`${name}: ${hook.handler} must be ${called}`);
  }
  if (!props.functionName.endsWith(`-${name}`)) faults.push(`${name}: functionName must end in it`);
  const names = triggers.map(({ triggerName }) => triggerName);
  if (new Set(names).size < names.length) faults.push(`${name}: two triggers have one name`);
  if (triggers.filter(({ triggerType }) => triggerType === 'http').length > 1) {
    faults.push(`${name}: only one HTTP trigger is possible`);
  }
  return name === 'worker' ? [...faults, ...workerFaults(props)] : faults;
}

function workerFaults({ timeout, environmentVariables, asyncInvokeConfig }: Props): string[] {
  const faults: string[] = [];
  const budget = Variables.shape.WORKER_BUDGET_SECONDS.parse(
    environmentVariables.WORKER_BUDGET_SECONDS,
  );
  const least = budget + leastSecondsAfterBudget;
  if (timeout < least) faults.push(`worker: timeout must be ${least} or more`);
  const { asyncTask, maxAsyncEventAgeInSeconds } = asyncInvokeConfig;
  if (asyncTask !== true) faults.push('worker: asyncTask must be true, or wake-ups have no ids');
  if (maxAsyncEventAgeInSeconds <= longestDelaySeconds) {
    faults.push(
      `worker: events must live for more than ${longestDelaySeconds} s, the longest delay`,
    );
  }
  return faults;
}

function folderFaults({ resources }: Description, folders: readonly string[]): string[] {
  const named = Object.keys(resources);
  return [
    ...named.filter((name) => !folders.includes(name)).map((name) => `${name}: no such function`),
    ...folders.filter((name) => !named.includes(name)).map((name) => `${name} is not deployed`),
  ];
}

/** Which methods each function is asked with: chat platforms have paths of their own, submit serves all others. */
function methodFaults({ resources }: Description, paths: OpenApiPaths): string[] {
  const taken = (name: string): readonly string[] =>
    (resources[name]?.props.triggers ?? []).flatMap((trigger) =>
      trigger.triggerType === 'http' ? trigger.triggerConfig.methods : [],
    );
  const documented = (isWanted: (path: string) => boolean): string[] => [
    ...new Set(
      Object.entries(paths)
        .filter(([path]) => isWanted(path))
        .flatMap(([, operations]) => Object.keys(operations))
        .map((method) => method.toUpperCase()),
    ),
  ];
  const isChat = (path: string): boolean => path.startsWith('/v1/chatops/');
  const asked: Readonly<Record<string, readonly string[]>> = {
    submit: documented((path) => !isChat(path)),
    status: ['GET'],
    chatops: documented(isChat),
  };
  return Object.entries(asked).flatMap(([name, methods]) =>
    methods
      .filter((method) => !taken(name).includes(method))
      .map((method) => `${name}: its HTTP trigger lets no ${method} through`),
  );
}

/** What of the OpenAPI document says which methods there are: the operations of each path, by method in lower case. */
export type OpenApiPaths = Readonly<Record<string, object>>;

/**
 * What is wrong with a deployment description, one sentence each. `folders` are those with a `functions/<name>/index.ts`,
 * `paths` the API's.
 */
export function descriptionFaults(
  text: string,
  folders: readonly string[],
  paths: OpenApiPaths,
): string[] {
  let rendered: unknown;
  try {
    rendered = render(text);
  } catch (error) {
    return [error instanceof z.ZodError ? z.prettifyError(error) : String(error)];
  }
  const parsed = Description.safeParse(rendered);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  }
  const { resources } = parsed.data;
  return [
    ...Object.entries(resources).flatMap(([name, { props }]) => propsFaults(name, props)),
    ...folderFaults(parsed.data, folders),
    ...methodFaults(parsed.data, paths),
  ];
}

const Rendered = z.object({
  resources: z.record(
    z.string(),
    z.looseObject({
      props: z.looseObject({
        handler: z.string(),
        instanceLifecycleConfig: LifecycleHooks,
      }),
    }),
  ),
});

/** What a bundle that esbuild minified exports: `export{a as handler}`. */
function exportsOf(bundle: string): string[] {
  return [...bundle.matchAll(/export\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(',').map((item) => item.trim().replace(/^.* as /, '')),
  );
}

/** Which handlers of a sound description are missing; `bundles` are the texts of `dist/<name>.mjs`, null where there is none. */
export function handlerFaults(text: string, bundles: ReadonlyMap<string, string | null>): string[] {
  const { resources } = Rendered.parse(render(text));
  return Object.entries(resources).flatMap(([name, { props }]) => {
    const { initializer, preStop } = props.instanceLifecycleConfig;
    const handlers = [props.handler, initializer.handler, preStop.handler];
    const faults = handlers.flatMap((handler) => {
      const [file = '', exported = ''] = handler.split('.');
      const bundle = bundles.get(file) ?? null;
      if (bundle === null)
        return [`${name}: dist/${file}.mjs is not there, npm run build makes it`];
      return exportsOf(bundle).includes(exported)
        ? []
        : [`${name}: dist/${file}.mjs does not export ${exported}`];
    });
    return [...new Set(faults)];
  });
}

/**
 * Whether the deploying tool renders a sound description as we do, one sentence for each resource that differs;
 * `previewed` is what `s preview -o json` prints.
 */
export function previewFaults(text: string, previewed: unknown): string[] {
  const ours = Previewed.parse(render(text)).resources;
  const theirs = Previewed.parse(previewed).resources;
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter((name) => {
      const { extend: _, ...resource } = theirs[name] ?? {};
      return !isDeepStrictEqual(resource, ours[name]);
    })
    .map((name) => `resources.${name}: s preview renders it otherwise than this check`);
}

const Previewed = z.object({ resources: z.record(z.string(), Mapping) });
