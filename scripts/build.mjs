// Compiles to dist/, copies what the compiler does not, and bundles the workflows. Types are checked by
// `npm run typecheck`; here speed counts, because the demo builds first. Any warning of the bundler is a failure.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'dist');
const FOLDERS = [
  'domain',
  'workflows',
  'infra',
  'activities',
  'api',
  'workers',
  'cli',
  'bench',
  'test/support',
  'test/demo',
  'test/simulation',
  'test/attack',
  'test/chaos',
  'test/soak',
];
const ASSET = /\.(sql|graphql|cjs|mjs|json|ya?ml|mod|sum)$|[/\\](tools[/\\]temporal-cli|demo[/\\]sample)[/\\]/;

const isOlder = (target, source) => !existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs;

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

async function compile(source, target) {
  const { code, map } = await transformFile(source, {
    configFile: join(root, '.swcrc'),
    sourceMaps: true,
    sourceFileName: relative(dirname(target), source),
    outputPath: target,
  });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${code}\n//# sourceMappingURL=${target.split('/').pop()}.map\n`);
  writeFileSync(`${target}.map`, map);
}

const targets = new Set();
const jobs = [];
for (const folder of FOLDERS.filter((one) => existsSync(join(root, one)))) {
  for (const source of filesBelow(join(root, folder))) {
    const target = join(out, relative(root, source));
    if (ASSET.test(source)) {
      targets.add(target);
      if (isOlder(target, source)) cpSync(source, target, { recursive: true });
    } else if (source.endsWith('.ts') && !source.endsWith('.d.ts')) {
      const js = target.replace(/\.ts$/, '.js');
      targets.add(js);
      if (isOlder(js, source)) jobs.push(compile(source, js));
    }
  }
}
await Promise.all(jobs);
// `npx millwright` executes it; npm makes it executable only where it exists at install.
chmodSync(join(out, 'cli/main.js'), 0o755);

const bundle = join(out, 'workflow-bundle.js');
// What a deleted source left would otherwise still be imported, or bundled.
for (const path of filesBelow(out)) {
  if (path !== bundle && !path.endsWith('.map') && !targets.has(path)) rmSync(path);
}
const newest = Math.max(
  ...['domain', 'workflows'].flatMap((folder) => filesBelow(join(out, folder)).map((path) => statSync(path).mtimeMs)),
);
if (!existsSync(bundle) || statSync(bundle).mtimeMs < newest) {
  const { bundleWorkflows } = await import(join(out, 'workers/bundle.js'));
  writeFileSync(bundle, await bundleWorkflows(join(out, 'workflows/index.js')));
}
