import { expect, test } from '@jest/globals';
import { effectiveConfig, unionOfChecks, whyNoWork } from '../../../domain/project-config/effective.js';
import { validateOverrides } from '../../../domain/project-config/validate.js';

const check = (name: string, run = 'x', needs: readonly string[] = []) => ({ name, run, needs });

test('defaults hold where neither file nor admin says anything', () => {
  expect(effectiveConfig(undefined, {})).toMatchInlineSnapshot(`
{
  "agents": {
    "supervisor": {
      "use": "anthropic-supervisor",
    },
    "worker": {
      "use": "anthropic-worker",
    },
  },
  "areChecksWaived": false,
  "checks": [],
  "epics": {
    "approval": "none",
    "land": "person",
    "mergeTarget": "epic",
    "overlap": "serialise",
    "planner": "model",
  },
  "isSetupNetworkAllowed": false,
  "limits": {
    "epic": {},
    "parallelTasks": 10,
    "run": {},
    "task": {},
  },
  "merge": {
    "analyser": "all",
    "attempts": 3,
    "budget": 1,
    "landing": "strict",
    "lookahead": 0,
    "maxEntries": 500,
    "policy": "sequential",
    "rebaseRounds": 3,
    "strategy": "merge",
    "via": "push",
  },
  "sandbox": "bubblewrap",
}
`);
});

test('overrides win key by key, lists as a whole', () => {
  const config = effectiveConfig(
    {
      version: 1,
      checks: [check('a'), check('b')],
      merge: { attempts: 2, maxEntries: 7 },
      agents: { worker: { use: 'filed' } },
    },
    { checks: [check('c')], merge: { attempts: 5 }, agents: { worker: { temperature: 0 } }, setupNetwork: true },
  );
  expect(config.checks.map(({ name }) => name)).toEqual(['c']);
  expect(config.merge).toMatchObject({ attempts: 5, maxEntries: 7, rebaseRounds: 3 });
  expect(config.agents.worker).toEqual({ use: 'filed', temperature: 0 });
  expect(config.isSetupNetworkAllowed).toBe(true);
});

test('a project takes no work until something is tested or an admin waives it', () => {
  const optional = { ...check('a'), required: false };
  expect(whyNoWork(effectiveConfig(undefined, {}))?.message).toContain('no required check');
  expect(whyNoWork(effectiveConfig({ version: 1, checks: [optional] }, {}))?.message).toContain('no required check');
  expect(whyNoWork(effectiveConfig({ version: 1, checks: [check('a')] }, {}))).toBeUndefined();
  expect(whyNoWork(effectiveConfig({ version: 1, checks: [check('a')] }, { checks: 'none' }))).toBeUndefined();
});

test('setup waits until an admin allows its network', () => {
  const file = { version: 1, checks: [check('a')], setup: { run: 'npm ci', outputs: ['node_modules'] } } as const;
  expect(whyNoWork(effectiveConfig(file, {}))?.message).toContain('setupNetwork');
  expect(whyNoWork(effectiveConfig(file, { setupNetwork: true }))).toBeUndefined();
});

test('only an admin waives checks or the sandbox', () => {
  expect(validateOverrides({ checks: 'none', sandbox: 'none', setupNetwork: true })).toMatchObject({ kind: 'valid' });
  expect(validateOverrides({ checks: 'some' })).toMatchObject({ kind: 'invalid' });
  expect(validateOverrides({ sandbox: 'docker' })).toMatchObject({ kind: 'invalid' });
  expect(validateOverrides({ checks: [check('a'), check('a')] })).toMatchObject({
    kind: 'invalid',
    problems: [{ path: ['checks', 1, 'name'], message: 'repeats the name a' }],
  });
  expect(validateOverrides([])).toMatchObject({ kind: 'invalid' });
});

test('a change that edits the checks must pass the old and the new ones', () => {
  const of = (checks: readonly ReturnType<typeof check>[]) => effectiveConfig({ version: 1, checks }, {}).checks;
  const union = unionOfChecks(
    of([check('lint'), check('test', 'old', ['lint'])]),
    of([check('lint'), check('test', 'new', ['lint']), check('docs', 'x', ['test'])]),
  );
  expect(union.map(({ name, run, needs }) => [name, run, needs])).toEqual([
    ['lint', 'x', []],
    ['test', 'old', ['lint']],
    ['test (edited)', 'new', ['lint']],
    ['docs', 'x', ['test (edited)']],
  ]);
});

test('a project whose branch requires checks of the forge’s CI takes work without any of its own', () => {
  const config = effectiveConfig(undefined, {});
  expect(whyNoWork({ ...config, forgeChecks: [] })).toBeDefined();
  expect(whyNoWork({ ...config, forgeChecks: [{ context: 'ci' }] })).toBeUndefined();
});
