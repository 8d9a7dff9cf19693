import { SimulatorError } from './errors.ts';
import { everydayFaults } from './faults.ts';
import { generateInventory } from './inventory.ts';
import { startSimulatorServer } from './server.ts';
import { readSettings } from './settings.ts';
import { createSimulator, DEMO_ACCESS_KEY } from './simulator.ts';

/** Exit code for a bad configuration (`EX_CONFIG`). */
const BAD_CONFIGURATION = 78;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const { seed, settleMs, host, port } = settings;
  const inventory = generateInventory(settings);
  const simulator = createSimulator({
    seed,
    inventory,
    settleMs,
    ...(settings.isFaulty ? { faults: everydayFaults } : {}),
  });
  const server = await startSimulatorServer(simulator, { host, port });
  console.log(`listening on ${server.url}`);
  const regions = inventory.regions.map((region) => region.regionId).join(', ');
  console.log(
    `${regions}: ${inventory.gateways.length} gateways, ${inventory.connections.length} connections; ` +
      `access key ${DEMO_ACCESS_KEY.accessKeyId} / ${DEMO_ACCESS_KEY.accessKeySecret}`,
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

main().catch((error: unknown) => {
  const isKnown = error instanceof SimulatorError;
  console.error(isKnown ? error.message : error);
  process.exit(isKnown ? BAD_CONFIGURATION : 1);
});
