import { cruise, format } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

/*
 * Holds the import rules of .dependency-cruiser.cjs over the folders given, by default the whole project.
 * The tool reports success when it could read no module at all, as with a TypeScript it does not know: that is a failure here.
 */

const [, , ...given] = process.argv;
const everything = ['functions', 'shared', 'local', 'test', 'bench', 'scripts'];

const options = await extractDepcruiseOptions('./.dependency-cruiser.cjs');
const { output } = await cruise(given.length > 0 ? given : everything, options, undefined, {
  tsConfig: extractTSConfig('./tsconfig.json'),
});
if (typeof output === 'string') throw new Error('dependency-cruiser answered with a text');

const { error, totalCruised, totalDependenciesCruised } = output.summary;
if (totalCruised === 0 || totalDependenciesCruised === 0) {
  console.error('0 modules or imports were read, so nothing was checked');
  process.exitCode = 1;
} else if (error > 0) {
  const report = await format(output, { outputType: 'err' });
  console.error(report.output);
  process.exitCode = 1;
} else {
  console.log(`${totalCruised} modules, ${totalDependenciesCruised} imports`);
}
