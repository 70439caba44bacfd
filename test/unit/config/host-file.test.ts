import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { parseHostFile, readHostFile } from '../../../infra/config/host-file.js';

const directory = mkdtempSync(join(tmpdir(), 'host-file-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const parse = (text: string) => parseHostFile('host.yml', text);

test('agents, toolchains and prices are read, with the defaults that a command agent has', () => {
  const parsed = parse(`
agents:
  - { name: fixer, role: worker, backend: command, argv: [/opt/fixer, --fast], readOnly: [/opt/fixer.d], timeout: 600 }
  - { name: planner, role: supervisor, backend: anthropic, model: opus }
toolchains: [/opt/go]
sandbox: { unixSockets: allow }
prices:
  some-model: { input: 3, output: 15 }
`);
  expect(parsed).toEqual({
    agents: [
      {
        name: 'fixer',
        role: 'worker',
        backend: 'command',
        argv: ['/opt/fixer', '--fast'],
        readOnly: ['/opt/fixer.d'],
        network: 'none',
        timeoutSeconds: 600,
      },
      { name: 'planner', role: 'supervisor', backend: 'anthropic', model: 'opus' },
    ],
    toolchains: ['/opt/go'],
    unixSockets: true,
    prices: {
      'some-model': {
        inputMicroUsdPerToken: 3,
        outputMicroUsdPerToken: 15,
        cacheWriteMicroUsdPerToken: 3.75,
        cacheReadMicroUsdPerToken: expect.closeTo(0.3),
      },
    },
  });
});

test.each([
  ['agents: 5', 'host.yml:1:9: agents must be a list.'],
  [
    'agents:\n  - name: x',
    'host.yml:2:5: agents.0.role must be one of orchestrator, supervisor, worker, reviewer, droid.',
  ],
  [
    'agents:\n  - name: Loud\n    role: worker\n    backend: anthropic',
    'host.yml:2:11: agents.0.name must be lower-case letters, digits and hyphens, at most 40.',
  ],
  [
    'agents:\n  - name: x\n    role: worker\n    backend: command',
    'host.yml:2:5: agents.0.argv must name the program and its arguments.',
  ],
  [
    'agents:\n  - { name: x, role: worker, backend: anthropic, argv: [a] }',
    'host.yml:2:56: agents.0.argv applies to backend command only.',
  ],
  ['toolchains: [go]', 'host.yml:1:14: toolchains.0 must be an absolute path.'],
  ['prices: { m: { input: -1, output: 2 } }', 'host.yml:1:23: prices.m.input must be a number from 0 to 10000.'],
  ['tools: []', 'host.yml:1:8: tools is not a known key (known: agents, toolchains, sandbox, prices).'],
  [
    'agents: [',
    'host.yml:1:10: the file is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ].',
  ],
  ['- a', 'host.yml:1:1: the file must be a mapping.'],
  ['\0', 'host.yml:1:1: the file must be a mapping.'],
  ['agents: []\nagents: []', 'host.yml:2:1: the file repeats the key "agents".'],
  ['agents: []\n---\nagents: []', 'host.yml:2:1: the file holds more than one document.'],
  ['agents:\n\t- name: x', 'host.yml:2:1: the file is not valid YAML: Tabs are not allowed as indentation.'],
  ['toolchains: [&a /opt/go, *a]', 'host.yml:1:26: toolchains.1 must be written out: aliases are not read here.'],
  ['__proto__: {}', 'host.yml:1:12: __proto__ is not a known key'],
  ['prices: { m: { input: .nan, output: 2 } }', 'host.yml:1:23: prices.m.input must be a number from 0 to 10000.'],
  ['prices: { m: { input: 1, output: .inf } }', 'host.yml:1:34: prices.m.output must be a number from 0 to 10000.'],
  ['prices: { m: { input: "1", output: 2 } }', 'host.yml:1:23: prices.m.input must be a number from 0 to 10000.'],
  [
    'agents: [{ name: x, role: worker, backend: command, argv: ["a\\0b"] }]',
    'host.yml:1:60: agents.0.argv.0 must not contain NUL.',
  ],
  ['sandbox: { unixSockets: yes }', 'host.yml:1:25: sandbox.unixSockets must be one of refuse, allow.'],
])('%j is refused with line and key', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});

test('nesting without end is refused before it ends the process', () => {
  expect(() => parse('['.repeat(100_000))).toThrow('host.yml:1:51: the file is nested deeper than 50 levels.');
});

test('two agents of one name are refused', () => {
  const agent = '{ name: x, role: worker, backend: anthropic }';
  expect(() => parse(`agents: [${agent}, ${agent}]`)).toThrow('agents.1 repeats the name x');
});

test('a file that others may write is refused, because it names programs that are run', () => {
  const file = join(directory, 'host.yml');
  writeFileSync(file, 'agents: []');
  chmodSync(file, 0o664);
  expect(() => readHostFile(file, true)).toThrow(expect.objectContaining({ type: 'PermissionDenied' }));
  chmodSync(file, 0o644);
  expect(readHostFile(file, true).agents).toEqual([]);
});

test('what is no file is refused, and is not waited for', () => {
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  for (const path of [directory, fifo, '/dev/null'])
    expect(() => readHostFile(path, true)).toThrow(
      `${path} ${path === '/dev/null' ? 'may' : 'must be a regular file.'}`,
    );
});

test('an absent file is an empty one, unless it was named', () => {
  const file = join(directory, 'absent.yml');
  expect(readHostFile(file, false)).toEqual({ agents: [], toolchains: [], unixSockets: false, prices: {} });
  expect(() => readHostFile(file, true)).toThrow(expect.objectContaining({ type: 'InvalidInput' }));
});
