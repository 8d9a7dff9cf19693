import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type OutputFile, type Plugin } from 'esbuild';

/** One function as it is deployed. */
export interface Bundle {
  /** Folder under `functions/`, or what else is deployed, and name of the file without `.mjs`. */
  name: string;
  /** Path of the file. */
  path: string;
  bytes: number;
  gzipBytes: number;
}

/** What Function Compute's managed `nodejs20` runs. */
const deployedNode = 'node20.10';

/** CommonJS packages inside an ES module still call `require`, for Node's own modules only. */
const requireBanner =
  "import{createRequire as lkRequire}from'node:module';const require=lkRequire(import.meta.url);";

/** zod carries its messages in 50 languages, a quarter of its size. Ours are our own; it loads English by itself. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]zod[\\/]/.test(importer)
        ? { path: 'zod-locales', namespace: 'without-locales' }
        : null,
    );
    onLoad({ filter: /.*/, namespace: 'without-locales' }, () => ({ contents: 'export {};' }));
  },
};

/**
 * pop-core reads every answer with json-bigint, character by character in JavaScript, a fifth of a busy worker's time. No
 * field that is used is a number beyond 2^53, and answers are checked with zod either way: the engine's own parser serves.
 */
const withNativeJson: Plugin = {
  name: 'with-native-json',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^json-bigint$/ }, () => ({ path: 'json', namespace: 'with-native-json' }));
    onLoad({ filter: /.*/, namespace: 'with-native-json' }, () => ({
      contents: 'exports.parse = (text) => JSON.parse(text);',
    }));
  },
};

/**
 * OpenTelemetry is half the size of a function, and mostly nobody listens: it goes into a file beside them, which is read when
 * somebody does.
 */
const tracingModule = 'tracing';
const withTracingBeside: Plugin = {
  name: 'with-tracing-beside',
  setup({ onResolve }) {
    onResolve({ filter: /\/tracer\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${tracingModule}.mjs`, external: true } : null,
    );
  },
};

/**
 * To find out whether it runs at Cloudflare, pg makes a Response when it is loaded: a third of a cold start, since Node loads
 * its whole HTTP client for that. Here it runs on Node. Source: pg 8.23.1, `lib/stream.js`.
 */
const withNodeSockets: Plugin = {
  name: 'with-node-sockets',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]pg[\\/]lib[\\/]stream\.js$/ }, () => ({
      contents: `
        const net = require('node:net');
        const tls = require('node:tls');
        exports.getStream = () => new net.Socket();
        exports.getSecureStream = (options) => tls.connect(options);`,
    }));
  },
};

/**
 * What fc2 loads and an invocation never uses: uploads, the refresh of their token, a shell on instances; and how pop-core reads
 * answers of the other style of API, which is in XML. As bundled they are a megabyte, most of it loaded at the start.
 * Sources: @alicloud/fc2 2.6.6, `lib/client.js`; @alicloud/pop-core 1.8.0, `lib/roa.js`.
 */
const neverUsed = ['ali-oss', 'axios', 'ws', 'xml2js'];

/** What is never used, as stubs that say so if it is; and fc2 from its own source, not from a copy for Node 4. */
const withLeanFc2: Plugin = {
  name: 'with-lean-fc2',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(${neverUsed.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'never-used' }));
    onLoad({ filter: /.*/, namespace: 'never-used' }, ({ path }) => ({
      contents: `module.exports = new Proxy(class {}, { get: () => { throw new Error('${path} is not in this bundle'); } });`,
    }));
    onResolve({ filter: /^@alicloud\/fc2$/ }, () => ({
      path: resolve('node_modules/@alicloud/fc2/lib/client.js'),
    }));
  },
};

/** The functions, by their folders, in alphabetical order. */
export async function functionNames(root = '.'): Promise<string[]> {
  const entries = await readdir(join(root, 'functions'), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Serves any of the functions in a custom runtime. */
const customRuntime = 'custom-runtime';

function sourceOf(name: string): string {
  if (name === tracingModule) return 'shared/adapters/otel/tracer.ts';
  return name === customRuntime ? `functions/${name}.ts` : `functions/${name}/index.ts`;
}

async function outputsOf(names: readonly string[], maps: boolean): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    entryPoints: names.map((name) => ({ in: sourceOf(name), out: name })),
    outdir: 'dist',
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: deployedNode,
    outExtension: { '.js': '.mjs' },
    minify: true,
    sourcemap: maps ? 'external' : false,
    sourcesContent: false,
    banner: { js: requireBanner },
    // `pg` tries it and goes on without it.
    external: ['pg-native'],
    plugins: [withoutLocales, withNativeJson, withNodeSockets, withLeanFc2, withTracingBeside],
    logLevel: 'silent',
  });
  return outputFiles;
}

/**
 * Bundles every function, the server of custom runtimes and what traces into one ES module each, `<folder>/<name>.mjs`. The
 * same sources always give the same bytes, so source maps are not shipped: `maps` writes those of any commit beside its
 * bundles when a stack trace has to be read.
 */
export async function bundleFunctions(options: {
  folder: string;
  maps?: boolean;
}): Promise<Bundle[]> {
  const { folder, maps = false } = options;
  const names = [customRuntime, ...(await functionNames()), tracingModule].sort();
  const outputs = await outputsOf(names, maps);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const bundles: Bundle[] = [];
  for (const name of names) {
    const [bundle, map] = ['.mjs', '.mjs.map'].map((end) =>
      outputs.find(({ path }) => path.endsWith(`/${name}${end}`)),
    );
    if (bundle === undefined) throw new Error(`esbuild made no bundle of ${name}`);
    const path = join(folder, `${name}.mjs`);
    await writeFile(path, bundle.contents);
    if (map !== undefined) await writeFile(`${path}.map`, map.contents);
    const { contents } = bundle;
    bundles.push({ name, path, bytes: contents.length, gzipBytes: gzipSync(contents).length });
  }
  return bundles;
}
