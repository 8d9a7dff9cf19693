import { pathToFileURL } from 'node:url';

/*
 * The bundled worker function in a process of its own, invoked again and again as Function Compute would. Plain JavaScript,
 * so that nothing but the worker is in this process's memory.
 */
const [, , bundle] = process.argv;
const { handler } = await import(pathToFileURL(bundle).href);
const context = {
  credentials: { accessKeyId: 'LTAIsimulator', accessKeySecret: 'simulator-secret' },
};
const { setTimeout: sleep } = await import('node:timers/promises');
process.stdout.write('working\n');
process.once('SIGTERM', () => process.exit(0));
for (;;) {
  await handler(Buffer.from('{"kind":"wake"}'), context);
  await sleep(50);
}
