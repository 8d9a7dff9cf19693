import { generateInventory } from '../../local/simulator/inventory.ts';
import { startSimulatorServer } from '../../local/simulator/server.ts';
import { createSimulator } from '../../local/simulator/simulator.ts';

/** A simulated cloud in a process of its own; its options come as JSON in `CLOUD`. */
const { inventory, simulator } = JSON.parse(process.env.CLOUD ?? '{}');
const unlimited = { reads: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY };
const server = await startSimulatorServer(
  createSimulator({ ...simulator, quotas: unlimited, inventory: generateInventory(inventory) }),
);
process.stdout.write(`listening on ${server.url}\n`);
process.once('SIGTERM', () => {
  void server.close().then(() => process.exit(0));
});
