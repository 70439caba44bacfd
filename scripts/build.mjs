// Compiles to dist/, copies what the compiler does not, and bundles the workflows. Any warning is a failure.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const compile = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
  cwd: root,
});
if (compile.status !== 0) process.exit(compile.status ?? 1);

const ASSET = /\.(sql|cjs|mjs|json|ya?ml|mod|sum|md)$|[/\\](tools[/\\]temporal-cli|demo[/\\]sample)[/\\]/;
for (const folder of ['infra', 'activities', 'workers', 'api', 'cli', 'test/support', 'test/demo'])
  copyAssets(join(root, folder));

function copyAssets(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const from = join(folder, name);
    if (statSync(from).isDirectory()) copyAssets(from);
    else if (ASSET.test(from)) {
      const to = join(root, 'dist', from.slice(root.length + 1));
      mkdirSync(dirname(to), { recursive: true });
      cpSync(from, to);
    }
  }
}

const newest = (folder) =>
  Math.max(0, ...readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs));
const bundlePath = join(root, 'dist', 'workflow-bundle.js');
const isFresh =
  existsSync(bundlePath) &&
  statSync(bundlePath).mtimeMs > Math.max(newest(join(root, 'dist/workflows')), newest(join(root, 'dist/domain')));
if (!isFresh) {
  const { bundleWorkflows } = await import(join(root, 'dist/workers/bundle.js'));
  writeFileSync(bundlePath, await bundleWorkflows(join(root, 'dist/workflows/index.js')));
}
