import { expect, test } from '@jest/globals';
import { describeProblems, readConfigFile } from '../../../infra/project-config/read.js';

const problemsOf = (text: string): string => {
  const read = readConfigFile(text);
  return read.kind === 'valid' ? 'valid' : describeProblems(read.problems);
};

test('a file that uses every key of this version is valid', () => {
  const text = `
version: 1
setup: { run: npm ci, inputs: [package-lock.json], outputs: [node_modules], env: [A=b], timeout: 600 }
checks:
  - { name: lint, run: npm run lint, failFast: true }
  - { name: test, run: npm test, needs: [lint], inputs: ['src/**'], rerun: 'npm test -- {tests}', retry: fixed, timeout: 60, required: true, env: ['CI=1'] }
merge: { policy: sequential, budget: 1, lookahead: 0, batch: { max: 1 }, landing: strict, analyser: all, strategy: merge, attempts: 2, rebaseRounds: 1, maxEntries: 9, target: main, holdLabel: hold }
agents: { worker: { use: my-worker, temperature: 0.2 }, supervisor: { use: boss, maxTokens: 4096 } }
limits: { parallelTasks: 4, run: { turns: 10, tokens: 10000, dollars: 1, seconds: 60 }, task: { dollars: 2 }, epic: { tokens: 100000 } }
epics: { mergeTarget: base, land: auto, overlap: allow, approval: plan, planner: model, review: { required: 0 } }
`;
  expect(problemsOf(text)).toBe('valid');
});

test('every problem has line and column and says what is right', () => {
  const text = `version: 2
colour: red
setup:
  run: []
  outputs: [../x, /abs, node_modules, node_modules/.bin]
checks:
  - name: test
    run: "  "
    timeout: 0
    needs: [nothing]
    env: [HOME]
  - run: x
merge:
  policy: speculative
  budget: 8
  landing: disjoint
  target: 'bad..name'
  scopes: {}
sandbox: none
epics:
  planner: heuristic
  review: { required: 1 }
  approval: sometimes
limits: [1]
`;
  expect(problemsOf(text)).toMatchInlineSnapshot(`
"millwright.yml:1:10: version must be 1: any other value is not in this version.
millwright.yml:2:9: colour is not a known key (known: version, setup, checks, merge, agents, limits, protected, sandbox, setupNetwork, epics).
millwright.yml:4:8: setup.run must have 1 to 20 items.
millwright.yml:5:13: setup.outputs.0 must be a path inside the repository, without . or .. parts.
millwright.yml:5:19: setup.outputs.1 must be a path inside the repository, without . or .. parts.
millwright.yml:8:10: checks.0.run must be a command.
millwright.yml:9:14: checks.0.timeout must be a whole number from 1 to 1800.
millwright.yml:11:11: checks.0.env.0 must be NAME=value: variables of the host are never passed on.
millwright.yml:12:5: checks.1.name is missing.
millwright.yml:14:11: merge.policy must be sequential: any other value is not in this version.
millwright.yml:15:11: merge.budget must be 1: any other value is not in this version.
millwright.yml:16:12: merge.landing must be strict: any other value is not in this version.
millwright.yml:17:11: merge.target must be the name of a branch.
millwright.yml:18:11: merge.scopes is not in this version.
millwright.yml:19:10: sandbox can be set by an admin on the project only.
millwright.yml:21:12: epics.planner is not in this version with the value heuristic.
millwright.yml:22:23: epics.review.required must be 0: any other value is not in this version.
millwright.yml:23:13: epics.approval must be none or plan or all.
millwright.yml:24:9: limits must be a mapping."
`);
});

test('names, needs and circles are checked once the shape is right', () => {
  const text = `version: 1
setup: { run: x, outputs: [a, a/b] }
checks:
  - { name: a, run: x, needs: [b] }
  - { name: b, run: x, needs: [a] }
  - { name: b, run: x, rerun: npm test }
  - { name: c, run: x, needs: [zzz] }
`;
  expect(problemsOf(text)).toMatchInlineSnapshot(`
"millwright.yml:6:13: checks.2.name repeats the name b.
millwright.yml:7:32: checks.3.needs.0 names no check: zzz.
millwright.yml:4:31: checks.0.needs turn in a circle: a, b.
millwright.yml:6:31: checks.2.rerun must contain {tests}, where the failed tests are put.
millwright.yml:2:31: setup.outputs.1 lies in another output."
`);
});

test.each([
  ['', 'must be a mapping'],
  ['- a', 'must be a mapping'],
  ['version: 1\nversion: 1', 'repeats the key "version"'],
  ['version: 1\n1: a\n"1": b', 'repeats the key "1"'],
  ['version: 1\n[a, b]: c', 'has a key that is no plain text'],
  ['version: 1\n---\nversion: 1', 'holds more than one document'],
  ['version: *nobody', 'Unresolved alias'],
  ['version: 1\nchecks: &a [*a]', 'checks.0 must be a mapping'],
  ['version: 1\nchecks:\n\t- name: x', 'Tabs are not allowed as indentation'],
  ['version: !!binary AQ==', 'version must be 1'],
  ['version: 1\nlimits: { run: { dollars: .nan } }', 'limits.run.dollars must be a number'],
  ['version: 1\nlimits: { run: { turns: 1e999 } }', 'limits.run.turns must be a whole number'],
  ['\0\u0001\u0002', 'must be a mapping'],
  ['version: [1', 'is not valid YAML'],
  ['__proto__: { version: 1 }\nversion: 1', '__proto__ is not a known key'],
  ['constructor: 1\nversion: 1', 'constructor is not a known key'],
  ['version: 1\nchecks: [{name: "a\\0b", run: x}]', 'must'],
  [`version: 1\n# ${'x'.repeat(300_000)}`, 'larger than 256 KiB'],
  [
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]',
    'cannot be read',
  ],
])('refuses %j', (text, reason) => {
  expect(problemsOf(text)).toMatch(/^millwright\.yml:\d+:\d+: /);
  expect(problemsOf(text)).toContain(reason);
});

test.each([
  ['flow lists', '['.repeat(200_000)],
  ['flow mappings', '{a: '.repeat(50_000)],
  ['block lists', '- '.repeat(100_000)],
  ['explicit keys', '? '.repeat(100_000)],
  ['block mappings', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
])('%s nested without end are refused before they end the process', (_, text) => {
  expect(problemsOf(text)).toMatch(/^millwright\.yml:\d+:\d+: the file is nested deeper than 50 levels\.$/);
});

test('a file of ten thousands of keys is read as quickly as any other', () => {
  const keys = Array.from({ length: 20_000 }, (_, at) => `k${at}`);
  for (const text of [keys.map((key) => `${key}: 1`).join('\n'), `{ ${keys.join(', ')} }`])
    expect(problemsOf(text)).toContain('is not a known key');
});

test('bytes are read as text, with or without a byte order mark, and others are refused', () => {
  const config = Buffer.from('version: 1\nchecks: [{ name: t, run: "true" }]\n');
  expect(readConfigFile(config).kind).toBe('valid');
  expect(readConfigFile(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), config])).kind).toBe('valid');
  for (const bytes of [Buffer.from([0xff, 0xfe, 0x41]), Buffer.from('version: 1 # \xe4', 'latin1')])
    expect(readConfigFile(bytes)).toMatchObject({ problems: [{ message: 'is not UTF-8 text' }] });
});

test('a number where a text belongs is a problem, not a text', () => {
  const text = 'version: 1\nmerge: { target: 7 }\nagents: { worker: { use: [a] } }\n';
  expect(problemsOf(text)).toMatchInlineSnapshot(`
"millwright.yml:2:18: merge.target must be a text.
millwright.yml:3:26: agents.worker.use must be a text."
`);
});
