import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type CustomRuntimeEntry,
  serveCustomRuntime,
} from '../shared/adapters/fc/custom-runtime.ts';

/*
 * `node custom-runtime.mjs submit.mjs [PORT]`: the function of that bundle in a custom runtime.
 */

const defaultPort = '9000';

const [, , bundle = '', port = defaultPort] = process.argv;
const entry: CustomRuntimeEntry = await import(pathToFileURL(resolve(bundle)).href);
const { server } = await serveCustomRuntime(entry, {
  port: Number(port),
  write: (line) => process.stdout.write(`${line}\n`),
});
process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
