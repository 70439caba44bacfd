// The gate: typecheck, lint, then every ring. Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const resolve = createRequire(import.meta.url).resolve;
const scratch = mkdtempSync(join(tmpdir(), 'millwright-gate-'));
let passed = 0;
let failed = 0;
/** A step that hangs is a failure of its own, not the end of the gate. */
const STEP_MS = 25 * 60_000;

function step(name, argv, env = {}) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  const { status, error } = spawnSync(process.execPath, argv, {
    stdio: 'inherit',
    cwd: root,
    timeout: STEP_MS,
    env: { ...process.env, ...env },
  });
  console.log(
    `── ${name}: ${status === 0 ? 'ok' : `FAILED (${error?.message ?? status})`}, ${Math.round((Date.now() - started) / 1000)} s`,
  );
  return status === 0;
}

const count = (isOk) => (isOk ? passed++ : failed++);

/** Rings that start servers wait for them most of the time, so that more files at once than cores are done sooner. */
const RINGS = [
  { name: 'pure rings', folders: ['unit', 'simulation', 'bundle', 'replay'], flags: [] },
  {
    name: 'activities, infrastructure, API, command line and attack',
    folders: ['activities', 'infra', 'api', 'cli', 'attack'],
    flags: ['--maxWorkers=3'],
  },
  { name: 'workflows on the real server', folders: ['workers', 'workflows'], flags: ['--maxWorkers=2'] },
  { name: 'end to end', folders: ['e2e'], flags: ['--maxWorkers=2'] },
];

function ring({ name, folders, flags }) {
  const present = folders.filter((folder) => existsSync(join(root, 'test', folder)));
  if (present.length === 0) return;
  const report = join(scratch, `${folders[0]}.json`);
  const jest = resolve('jest/bin/jest');
  const paths = present.map((folder) => `test/${folder}/`);
  const isOk = step(name, [jest, ...flags, '--json', `--outputFile=${report}`, '--silent=false', ...paths], {
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`,
  });
  if (!existsSync(report)) return count(false);
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  // A suite that could not run counts as one failure, whatever it holds.
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (!isOk && result.numFailedTests + result.numRuntimeErrorTestSuites === 0) failed++;
}

count(step('build', ['scripts/build.mjs']));
count(step('Temporal server', ['scripts/prepare-temporal.mjs']));
count(step('typecheck', [resolve('typescript/bin/tsc'), '--noEmit', '-p', join(root, 'tsconfig.json')]));
count(
  step('lint', [join(dirname(resolve('@biomejs/biome/package.json')), 'bin/biome'), 'ci', '--error-on-warnings', '.']),
);
for (const one of RINGS) ring(one);
// After the rings: beside nothing else of ours. A red one has been run twice.
count(step('benches against their floors', ['dist/bench/run.js', '--smoke']));
rmSync(scratch, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
