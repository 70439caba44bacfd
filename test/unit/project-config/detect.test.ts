import { expect, test } from '@jest/globals';
import { detectProposals, type Proposal } from '../../../domain/project-config/detect.js';
import { validateOverrides } from '../../../domain/project-config/validate.js';

const detect = (files: Readonly<Record<string, string>>): readonly Proposal[] =>
  detectProposals({ paths: Object.keys(files), read: (path) => files[path] });

const commandsOf = (files: Readonly<Record<string, string>>): readonly string[] =>
  detect(files).flatMap(({ checks, setup }) => [
    ...(setup ? [String(setup.run)] : []),
    ...checks.map(({ run }) => run),
  ]);

const manifest = (value: object): string => JSON.stringify(value);

test.each([
  [
    'npm with a lock',
    {
      'package.json': manifest({ scripts: { test: 'jest', lint: 'x', start: 'y' }, devDependencies: { jest: '1' } }),
      'package-lock.json': '',
    },
    ['npm ci', 'npm run lint', 'npm run test'],
  ],
  ['npm without dependencies', { 'package.json': manifest({ scripts: { test: 'node --test' } }) }, ['npm test']],
  [
    'pnpm',
    { 'package.json': manifest({ scripts: { test: 'x' }, dependencies: { a: '1' } }), 'pnpm-lock.yaml': '' },
    ['pnpm install --frozen-lockfile', 'pnpm run test'],
  ],
  [
    'yarn',
    { 'package.json': manifest({ scripts: { test: 'x' }, dependencies: { a: '1' } }), 'yarn.lock': '' },
    ['yarn install --frozen-lockfile', 'yarn run test'],
  ],
  [
    'the placeholder of npm init',
    { 'package.json': manifest({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }) },
    [],
  ],
  ['a broken manifest', { 'package.json': '{' }, []],
  ['Go without modules', { 'go.mod': '' }, ['go vet ./...', 'go test ./...']],
  ['Go with modules', { 'go.mod': '', 'go.sum': '' }, ['go mod vendor', 'go vet ./...', 'go test ./...']],
  ['Rust', { 'Cargo.toml': '' }, ['cargo test']],
  ['pytest', { 'pyproject.toml': '[tool.pytest.ini_options]' }, ['python3 -m pytest']],
  ['unittest', { 'setup.py': '', 'tests/test_a.py': '' }, ['python3 -m unittest discover']],
  ['tox', { 'tox.ini': '' }, ['tox']],
  ['Maven', { 'pom.xml': '', mvnw: '' }, ['./mvnw -B test']],
  ['Gradle', { 'build.gradle.kts': '' }, ['gradle test']],
  ['make', { Makefile: 'test: all\n\techo\ncheck:= 1\n' }, ['make test']],
  ['make beside something better', { Makefile: 'test:\n', 'go.mod': '' }, ['go vet ./...', 'go test ./...']],
  ['nothing known', { 'README.md': '' }, []],
])('%s', (_, files, commands) => {
  expect(commandsOf(files)).toEqual(commands);
});

test('what is proposed is valid', () => {
  const files = {
    'package.json': manifest({ scripts: { test: 'x' }, dependencies: { a: '1' }, workspaces: ['p/*'] }),
    'pnpm-lock.yaml': '',
    'p/a/package.json': '',
    'go.mod': '',
    'go.sum': '',
    'Cargo.toml': '',
    'Cargo.lock': '',
    'requirements.txt': 'pytest',
    'setup.py': '',
  };
  for (const { checks, setup } of detect(files)) {
    expect(validateOverrides({ checks, ...(setup ? { setup } : {}) })).toMatchObject({ kind: 'valid' });
  }
});
