import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/*
 * `npm run lock`: adds to package-lock.json the packages for other platforms that npm left out, as it does for those it
 * could not look up when it wrote the file. `npm ci` refuses a lock without them. `-- --check` only compares.
 */

const lockPath = 'package-lock.json';

/** What is read of a package's entry; the entries themselves are kept as they are. */
const LockedPackage = z.object({
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const Entries = z.record(z.string(), z.unknown());

const systems = /\b(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)\b/;
const processors = /\b(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)\b/;
const libraries: Readonly<Record<string, string>> = {
  gnu: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
  musleabihf: 'musl',
};

/** What a platform package can run on, told by its name: `rollup-linux-arm64-musl`. Null when it does not say. */
function platformOf(name: string): Record<string, string[]> | null {
  const os = systems.exec(name)?.[1];
  const cpu = processors.exec(name)?.[1];
  if (os === undefined || cpu === undefined) return null;
  const libc = os === 'linux' ? libraries[name.split('-').at(-1) ?? ''] : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}

const lock = Entries.parse(JSON.parse(await readFile(lockPath, 'utf8')));
const packages = Entries.parse(lock.packages);
const added: string[] = [];
for (const entry of Object.values(packages)) {
  const { dev, optionalDependencies = {} } = LockedPackage.parse(entry);
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const platform = platformOf(name);
    const path = `node_modules/${name}`;
    if (packages[path] !== undefined || platform === null || !/^\d/.test(version)) continue;
    const { cpu, libc, os } = platform;
    packages[path] = {
      version,
      cpu,
      ...(dev === true ? { dev } : {}),
      ...(libc === undefined ? {} : { libc }),
      optional: true,
      os,
    };
    added.push(name);
  }
}

if (added.length > 0 && process.argv.includes('--check')) {
  console.error(`${lockPath} lacks ${added.join(', ')}: run npm run lock`);
  process.exitCode = 1;
} else if (added.length > 0) {
  const byPath = ([a]: [string, unknown], [b]: [string, unknown]): number =>
    a.localeCompare(b, 'en');
  lock.packages = Object.fromEntries(Object.entries(packages).sort(byPath));
  await writeFile(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${added.join(', ')}`);
}
