// Runs jest on the rings named (folders of test/), as ESM. Server-backed rings run in band.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const rings = process.argv.slice(2).filter((a) => !a.startsWith('-'));
const flags = process.argv.slice(2).filter((a) => a.startsWith('-'));
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const paths = rings.map((r) => (r.includes('/') || r.includes('.') ? r : `test/${r}/`));
const run = spawnSync(process.execPath, [jest, ...flags, ...paths], {
  stdio: 'inherit',
  env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings` },
});
process.exit(run.status ?? 1);
