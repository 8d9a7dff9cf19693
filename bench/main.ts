import { chat } from './chat.ts';
import { coldStart } from './cold-start.ts';
import { cost } from './cost.ts';
import { intake } from './intake.ts';
import { type Bench, emitterFor } from './lib/figures.ts';
import { mainJob, mainJobSlowed } from './main-job.ts';
import { mainJobReal } from './main-job-real.ts';
import { preview } from './preview.ts';
import { recovery } from './recovery.ts';
import { resolve } from './resolve.ts';
import { rotation } from './rotation.ts';
import { scale } from './scale.ts';
import { seal } from './seal.ts';
import { status } from './status.ts';
import { verbs } from './verbs.ts';

/** Every benchmark by its name. `npm run bench` runs all, `npm run bench -- NAME` one. */
const benches: Readonly<Record<string, Bench>> = {
  'main-job': mainJob,
  'main-job-slowed': mainJobSlowed,
  'main-job-real': mainJobReal,
  intake,
  preview,
  resolve,
  status,
  chat,
  verbs,
  scale,
  recovery,
  'cold-start': coldStart,
  cost,
  seal,
  rotation,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`,
  );
  process.exit(2);
}
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) await bench(emitterFor(name));
}
process.exit(0);
