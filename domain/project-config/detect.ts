import type { CheckAsWritten, SetupAsWritten } from './types.js';

/** The repository as detection sees it. */
export interface RepositoryFiles {
  /** Every path of the tip. */
  readonly paths: readonly string[];
  /** Text of a file at the root; undefined when there is none, or it is too large. */
  readonly read: (path: string) => string | undefined;
}

/** What a repository's own files suggest. Nothing is assumed: a person accepts it or not. */
export interface Proposal {
  readonly checks: readonly CheckAsWritten[];
  readonly setup?: SetupAsWritten;
  /** The file that the proposal comes from. */
  readonly from: string;
}

/** Files whose text `detectProposals` may ask for. */
export const DETECTION_FILES = [
  'package.json',
  'pyproject.toml',
  'setup.cfg',
  'tox.ini',
  'requirements.txt',
  'Makefile',
] as const;

export const detectProposals = (files: RepositoryFiles): readonly Proposal[] => {
  const found = [fromNode, fromGo, fromRust, fromPython, fromMaven, fromGradle].flatMap((detect) => detect(files));
  // A Makefile usually wraps the tools above: it is proposed where nothing else is known.
  return found.length > 0 ? found : fromMake(files);
};

type Detect = (files: RepositoryFiles) => readonly Proposal[];

const has = ({ paths }: RepositoryFiles, path: string): boolean => paths.includes(path);

const NODE_LOCKS = [
  { lock: 'package-lock.json', install: 'npm ci', run: 'npm run' },
  { lock: 'pnpm-lock.yaml', install: 'pnpm install --frozen-lockfile', run: 'pnpm run' },
  { lock: 'yarn.lock', install: 'yarn install --frozen-lockfile', run: 'yarn run' },
] as const;

/** What `npm init` writes; it always fails. */
const NO_TESTS = /no test specified/;
const NODE_SCRIPTS = ['build', 'typecheck', 'lint', 'test'];

const fromNode: Detect = (files) => {
  const manifest = parseObject(files.read('package.json'));
  if (manifest === undefined) return [];
  const manager = NODE_LOCKS.find(({ lock }) => has(files, lock));
  const scripts = objectAt(manifest, 'scripts');
  const checks = NODE_SCRIPTS.flatMap((name) => {
    const script = scripts[name];
    if (typeof script !== 'string' || NO_TESTS.test(script)) return [];
    return [{ name, run: name === 'test' && !manager ? 'npm test' : `${manager?.run ?? 'npm run'} ${name}` }];
  });
  const dependencies = [
    ...Object.keys(objectAt(manifest, 'dependencies')),
    ...Object.keys(objectAt(manifest, 'devDependencies')),
  ];
  const hasWorkspaces = manifest.workspaces !== undefined || has(files, 'pnpm-workspace.yaml');
  if (dependencies.length === 0 && !hasWorkspaces) return proposal('package.json', checks);
  return proposal('package.json', checks, {
    run: manager?.install ?? 'npm install --no-save',
    inputs: nodeInputs(files, manager?.lock),
    outputs: ['node_modules', ...workspaceModules(files, hasWorkspaces)],
  });
};

/** Manifests count as well as the lock: install scripts stand in them. */
const nodeInputs = ({ paths }: RepositoryFiles, lock: string | undefined): readonly string[] => [
  ...(lock ? [lock] : []),
  ...paths.filter((path) => /(^|\/)package\.json$/.test(path) && !path.includes('node_modules/')).slice(0, 100),
  ...['.npmrc', 'pnpm-workspace.yaml', '.yarnrc.yml'].filter((path) => paths.includes(path)),
];

/** pnpm and some hoisting rules put a directory into each package. */
const workspaceModules = ({ paths }: RepositoryFiles, hasWorkspaces: boolean): readonly string[] =>
  hasWorkspaces && paths.includes('pnpm-lock.yaml')
    ? paths
        .filter((path) => /\/package\.json$/.test(path))
        .slice(0, 40)
        .map((path) => path.replace(/package\.json$/, 'node_modules'))
    : [];

const fromGo: Detect = (files) => {
  if (!has(files, 'go.mod')) return [];
  const checks = [
    { name: 'vet', run: 'go vet ./...' },
    { name: 'test', run: 'go test ./...' },
  ];
  // Go reads a vendor directory by itself, and a sandbox has neither network nor a module cache.
  const isVendored = files.paths.some((path) => path.startsWith('vendor/'));
  if (!has(files, 'go.sum') || isVendored || has(files, 'go.work')) return proposal('go.mod', checks);
  return proposal('go.mod', checks, {
    run: 'go mod vendor',
    inputs: ['go.mod', 'go.sum', '**/*.go'],
    outputs: ['vendor'],
  });
};

const fromRust: Detect = (files) => {
  if (!has(files, 'Cargo.toml')) return [];
  if (!has(files, 'Cargo.lock')) return proposal('Cargo.toml', [{ name: 'test', run: 'cargo test' }]);
  const home = 'CARGO_HOME="$PWD/.millwright-cargo"';
  return proposal('Cargo.toml', [{ name: 'test', run: `${home} cargo test --offline --locked`, timeout: 1800 }], {
    run: `${home} cargo fetch --locked`,
    inputs: ['Cargo.lock', '**/Cargo.toml'],
    outputs: ['.millwright-cargo'],
  });
};

const fromPython: Detect = (files) => {
  const project = files.read('pyproject.toml') ?? '';
  const usesPytest =
    /\[tool\.pytest|pytest/.test(project) ||
    /\[tool:pytest\]/.test(files.read('setup.cfg') ?? '') ||
    has(files, 'pytest.ini') ||
    has(files, 'conftest.py') ||
    /^pytest\b/m.test(files.read('requirements.txt') ?? '');
  const from = ['pyproject.toml', 'tox.ini', 'setup.py', 'requirements.txt', 'pytest.ini', 'setup.cfg'].find((path) =>
    has(files, path),
  );
  if (from === undefined) return [];
  const setup = pythonSetup(files);
  const python = setup ? '.venv/bin/python' : 'python3';
  if (usesPytest)
    return proposal(from, [{ name: 'test', run: `${python} -m pytest`, rerun: `${python} -m pytest {tests}` }], setup);
  if (has(files, 'tox.ini')) return proposal('tox.ini', [{ name: 'test', run: 'tox' }]);
  return files.paths.some((path) => /(^|\/)test_[^/]*\.py$/.test(path))
    ? proposal(from, [{ name: 'test', run: `${python} -m unittest discover` }], setup)
    : [];
};

const pythonSetup = (files: RepositoryFiles): SetupAsWritten | undefined => {
  const requirements = files.paths.filter((path) => /^requirements[\w-]*\.txt$/.test(path));
  if (requirements.length === 0) return undefined;
  const flags = requirements.map((path) => `-r ${path}`).join(' ');
  return { run: ['python3 -m venv .venv', `.venv/bin/pip install ${flags}`], inputs: requirements, outputs: ['.venv'] };
};

const fromMaven: Detect = (files) =>
  has(files, 'pom.xml')
    ? proposal('pom.xml', [{ name: 'test', run: has(files, 'mvnw') ? './mvnw -B test' : 'mvn -B test' }])
    : [];

const fromGradle: Detect = (files) => {
  const from = ['build.gradle', 'build.gradle.kts'].find((path) => has(files, path));
  if (from === undefined) return [];
  return proposal(from, [{ name: 'test', run: has(files, 'gradlew') ? './gradlew test' : 'gradle test' }]);
};

const fromMake: Detect = (files) => {
  const text = files.read('Makefile') ?? '';
  const targets = ['check', 'test'].filter((target) => new RegExp(`^${target}\\s*:(?!=)`, 'm').test(text));
  return targets.length === 0
    ? []
    : proposal(
        'Makefile',
        targets.map((target) => ({ name: target, run: `make ${target}` })),
      );
};

const proposal = (from: string, checks: readonly CheckAsWritten[], setup?: SetupAsWritten): readonly Proposal[] =>
  checks.length === 0 ? [] : [{ from, checks, ...(setup ? { setup } : {}) }];

const parseObject = (text: string | undefined): Record<string, unknown> | undefined => {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // A broken manifest proposes nothing; its own tools will say why.
    return undefined;
  }
};

const objectAt = (of: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> => {
  const value = of[key];
  return typeof value === 'object' && value !== null ? { ...value } : {};
};
