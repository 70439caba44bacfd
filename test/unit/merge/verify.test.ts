import { describe, expect, test } from '@jest/globals';
import { verify } from '../../../workflows/checks/verify.js';
import { check, FakeChecks } from '../../support/merge/fake-checks.js';

const FIRST = { base: 'tip', lastAttempt: false };
const LAST = { base: 'tip', lastAttempt: true };
const CANDIDATE = { parent: 'tip', commit: 'new', tree: 'new' };
const RED = { outcome: 'failed' } as const;

describe('what is seen, and what it means', () => {
  test('green: the evidence is stored and named', async () => {
    const checks = new FakeChecks([check('lint'), check('test')]);
    expect(await verify(checks, FIRST)).toEqual({
      kind: 'passed',
      candidate: CANDIDATE,
      evidence: ['evidence of lint@new', 'evidence of test@new'],
      flakyTests: [],
      machineMs: 20,
    });
  });

  test('stored evidence is not bought again: only missing checks run', async () => {
    const checks = new FakeChecks([check('lint'), check('test')]);
    checks.known('lint@new', 'passed');
    expect((await verify(checks, FIRST)).kind).toBe('passed');
    expect(checks.ran).toEqual(['test@new:first']);
  });

  test('a tree whose every check has passed runs nothing', async () => {
    const checks = new FakeChecks([check('test')]);
    checks.known('test@new', 'passed');
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'passed', evidence: ['known test@new'], machineMs: 0 });
    expect(checks.ran).toEqual([]);
  });

  test('a known red is answered from the store', async () => {
    const checks = new FakeChecks([check('test')]);
    checks.known('test@new', 'failed');
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'red', evidence: ['known test@new'] });
    expect(checks.ran).toEqual([]);
  });

  test('infrastructure is no verdict and stores nothing', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': { outcome: 'infra', message: 'no sandbox' } });
    expect(await verify(checks, FIRST)).toEqual({ kind: 'infra', error: 'test: no sandbox', machineMs: 10 });
    expect(checks.evidence).toEqual([]);
  });

  test('a first red is told at once; green on the re-run of the failed tests is a flake', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new:first': RED });
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'passed', flakyTests: ['adds'] });
    expect(checks.told).toEqual(['test']);
    expect(checks.ran).toEqual(['test@new:first', 'test@new:rerun[adds]']);
  });

  test('without a re-run command, or without names, the whole check runs again', async () => {
    const whole = new FakeChecks([check('test', { rerunsTests: false })], { 'test@new:first': RED });
    await verify(whole, FIRST);
    const nameless = new FakeChecks([check('test')], { 'test@new:first': { ...RED, failedTests: [] } });
    expect(await verify(nameless, FIRST)).toMatchObject({ flakyTests: ['test'] });
    expect([whole.ran, nameless.ran]).toEqual([
      ['test@new:first', 'test@new:rerun'],
      ['test@new:first', 'test@new:rerun'],
    ]);
  });

  test('red again and green on the parent: the change is to blame, and the red is stored', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': { ...RED, logRef: 'sha256:log' } });
    expect(await verify(checks, FIRST)).toEqual({
      kind: 'red',
      cause: 'red',
      candidate: CANDIDATE,
      checks: [{ name: 'test', failedTests: ['adds'], logRef: 'sha256:log' }],
      evidence: ['evidence of test@new'],
      machineMs: 30,
    });
    expect(checks.ran).toEqual(['test@new:first', 'test@new:rerun[adds]', 'test@old:control[adds]']);
    expect(checks.evidence).toMatchObject([{ key: 'test@new', outcome: 'failed', failedTests: ['adds'] }]);
  });

  test('red on the parent as well: no verdict, and what was said of the parent is voided', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': RED, 'test@old': RED });
    checks.known('test@old', 'passed');
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'controlRed', checks: [{ name: 'test' }] });
    expect(checks.voided).toEqual(['test@old']);
    expect(checks.evidence).toEqual([]);
  });

  test('tests that the change adds fail on the parent by their absence: the whole check tells', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': RED, 'test@old:control': RED });
    expect((await verify(checks, FIRST)).kind).toBe('red');
    expect(checks.ran.at(-1)).toBe('test@old:controlWhole');
  });

  test('a check that the parent does not have needs no control', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': RED });
    checks.only = { test: ['new'] };
    expect((await verify(checks, FIRST)).kind).toBe('red');
    expect(checks.ran).toEqual(['test@new:first', 'test@new:rerun[adds]']);
  });

  test.each(['infra', 'timeout'] as const)('%s on the re-run or on the control is no verdict', async (outcome) => {
    const rerun = new FakeChecks([check('test')], { 'test@new:first': RED, 'test@new:rerun': { outcome } });
    const control = new FakeChecks([check('test')], { 'test@new': RED, 'test@old': { outcome } });
    expect([(await verify(rerun, FIRST)).kind, (await verify(control, FIRST)).kind]).toEqual(['infra', 'infra']);
    expect([...rerun.evidence, ...control.evidence]).toEqual([]);
  });

  test('a parent that nobody can read says nothing about the change, be it red or out of time', async () => {
    for (const outcome of ['failed', 'timeout'] as const) {
      const checks = new FakeChecks([check('test')], { 'test@new': { outcome } });
      checks.unread = ['old'];
      expect(await verify(checks, LAST)).toMatchObject({ kind: 'infra', error: 'the mirror is away' });
      expect(checks.evidence).toEqual([]);
    }
  });

  test('a single timeout is as infrastructure', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': { outcome: 'timeout' } });
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'infra', error: 'test: no result within 300 s' });
  });

  test('after the last attempt a control that ends in time makes the timeout the fault of the change', async () => {
    const checks = new FakeChecks([check('test')], { 'test@new': { outcome: 'timeout' } });
    expect(await verify(checks, LAST)).toMatchObject({ kind: 'red', cause: 'timeout', checks: [{ name: 'test' }] });
  });

  test.each(['timeout', 'infra'] as const)(
    'a control that ends in %s leaves the timeout without a verdict',
    async (outcome) => {
      const checks = new FakeChecks([check('test')], { 'test@new': { outcome: 'timeout' }, 'test@old': { outcome } });
      expect((await verify(checks, LAST)).kind).toBe('infra');
    },
  );

  test('a red base outranks a red change, and a confirmed red outranks broken machinery', async () => {
    const both = new FakeChecks([check('a'), check('b')], { 'a@new': RED, 'b@new': RED, 'b@old': RED });
    const mixed = new FakeChecks([check('a'), check('b')], { 'a@new': RED, 'b@new': { outcome: 'infra' } });
    expect([(await verify(both, FIRST)).kind, (await verify(mixed, FIRST)).kind]).toEqual(['controlRed', 'red']);
  });

  test('what the composition says is passed on and nothing runs', async () => {
    for (const composed of [
      { kind: 'conflict', entryId: 'e1', with: 'tip', files: ['a'] },
      { kind: 'empty' },
      { kind: 'tipMoved', tip: 'later' },
      { kind: 'infra', error: 'no remote' },
    ] as const) {
      const checks = new FakeChecks([check('test')]);
      checks.composed = composed;
      expect((await verify(checks, FIRST)).kind).toBe(composed.kind);
      expect(checks.ran).toEqual([]);
    }
  });
});

describe('configuration', () => {
  test('that the change made unreadable is red, with its line', async () => {
    const checks = new FakeChecks([check('test')]);
    checks.invalid = ['new'];
    expect(await verify(checks, FIRST)).toMatchObject({
      kind: 'red',
      checks: [{ name: 'millwright.yml', failedTests: ['line 3 of new'] }],
    });
  });

  test('that was unreadable before blames the base', async () => {
    const checks = new FakeChecks([check('test')]);
    checks.invalid = ['new', 'old'];
    expect((await verify(checks, FIRST)).kind).toBe('controlRed');
  });

  test('that nobody can be asked for says nothing, of the change or of what it is based on', async () => {
    for (const unread of ['new', 'old']) {
      const checks = new FakeChecks([check('test')]);
      checks.unread = [unread];
      checks.invalid = ['new'];
      expect(await verify(checks, FIRST)).toEqual({ kind: 'infra', error: 'the mirror is away', machineMs: 0 });
      expect(checks.ran).toEqual([]);
    }
  });
});

describe('which checks run, and when', () => {
  test('optional checks do not run unless a required one needs them, and needs come first', async () => {
    const checks = new FakeChecks([
      check('test', { needs: ['build'] }),
      check('build', { required: false, needs: ['install'] }),
      check('install', { required: false }),
      check('docs', { required: false }),
    ]);
    expect((await verify(checks, FIRST)).kind).toBe('passed');
    expect(checks.ran).toEqual(['install@new:first', 'build@new:first', 'test@new:first']);
  });

  test('a check whose need is red is skipped', async () => {
    const checks = new FakeChecks([check('build'), check('test', { needs: ['build'] })], { 'build@new': RED });
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'red', checks: [{ name: 'build' }] });
    expect(checks.ran.filter((run) => run.startsWith('test'))).toEqual([]);
  });

  test('failFast ends the build at its first confirmed red: others are stopped and say nothing', async () => {
    const checks = new FakeChecks([check('lint', { failFast: true }), check('slow')], {
      'lint@new': RED,
      'slow@new': 'waits',
    });
    expect(await verify(checks, FIRST)).toMatchObject({ kind: 'red', checks: [{ name: 'lint' }] });
    expect(checks.stopped).toBe(true);
  });
});

describe('a control run on the tip itself', () => {
  const onTip = (checks: FakeChecks): FakeChecks => {
    checks.composed = { kind: 'composed', parent: 'tip', commit: 'tip', tree: 'old', parentTree: 'old' };
    return checks;
  };

  test('that stays red says that the base is red, and stores nothing that would answer the next one', async () => {
    const checks = onTip(new FakeChecks([check('test')], { 'test@old': RED }));
    checks.known('test@old', 'failed');
    expect((await verify(checks, FIRST)).kind).toBe('controlRed');
    expect(checks.evidence).toEqual([]);
    expect(checks.ran).toEqual(['test@old:first', 'test@old:rerun[adds]']);
  });

  test('that is green opens the lane', async () => {
    const checks = onTip(new FakeChecks([check('test')]));
    checks.known('test@old', 'failed');
    expect((await verify(checks, FIRST)).kind).toBe('passed');
  });
});
