import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Failure } from '../../../domain/failures.js';
import { validateOverrides } from '../../../domain/project-config/validate.js';
import { parseHostFile } from '../../../infra/config/host-file.js';
import { describeProblems, readConfigFile } from '../../../infra/project-config/read.js';
import { shuffled, tries } from '../../support/fuzz.js';

const YAML = [
  '\n',
  '\n  ',
  '\n    ',
  '\t',
  '- ',
  ': ',
  ': ',
  '? ',
  ', ',
  '[',
  ']',
  '{',
  '}',
  '&a ',
  '*a',
  '<<: ',
  '"',
  "'",
];
const MORE = [
  '|\n ',
  '>-\n ',
  '# ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '!!binary ',
  '!x ',
  '\ufeff',
  '\0',
  '.nan',
  '.inf',
  '~',
];
const VALUES = [
  '1',
  '-0',
  '1e999',
  '0x7f',
  'true',
  'null',
  'x',
  'npm test',
  '/opt/x',
  '../x',
  'worker',
  'command',
  'none',
];
const PROJECT_KEYS = [
  'version: 1\n',
  'version',
  'setup',
  'run',
  'outputs',
  'checks',
  'name',
  'needs',
  'timeout',
  'merge',
];
const HOST_KEYS = [
  'agents',
  'role',
  'backend',
  'argv',
  'network',
  'toolchains',
  'sandbox',
  'prices',
  'input',
  'output',
];
const PROTOTYPE = ['__proto__', 'constructor', 'toString'];

const yaml = shuffled([...YAML, ...MORE, ...VALUES, ...PROJECT_KEYS, ...HOST_KEYS, ...PROTOTYPE]);
const sources = fc.oneof(yaml, fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 }));

test('whatever stands in millwright.yml, it is valid or every problem has its place', () => {
  fc.assert(
    fc.property(sources, (source) => {
      const read = readConfigFile(source);
      if (read.kind === 'valid') return expect(read.value.version).toBe(1);
      expect(read.problems.length).toBeGreaterThan(0);
      for (const line of describeProblems(read.problems).split('\nmillwright.yml'))
        expect(line).toMatch(/^(millwright\.yml)?:[1-9]\d*:[1-9]\d*: /);
    }),
    tries(400),
  );
});

/** No number that is none, no text that a program cannot be started with. */
const isSound = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return !value.includes('\0');
  return typeof value !== 'object' || value === null || Object.values(value).every(isSound);
};

test('whatever stands in host.yml, it is sound or refused with file, line and key', () => {
  fc.assert(
    fc.property(sources, (source) => {
      try {
        expect(isSound(parseHostFile('host.yml', source))).toBe(true);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        expect(error).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(/^host\.yml:\d+:\d+: /) });
      }
    }),
    tries(400),
  );
});

test('whatever an admin sends as overrides, it is valid or refused', () => {
  const keys = fc.constantFrom(...PROJECT_KEYS, ...PROTOTYPE, 'limits', 'epics', 'agents', 'sandbox');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.array(fc.tuple(keys, tie('tree')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const read = validateOverrides(value);
      if (read.kind === 'invalid') expect(read.problems.length).toBeGreaterThan(0);
    }),
    tries(400),
  );
});
