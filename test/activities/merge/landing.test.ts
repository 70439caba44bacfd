import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { firstParents, hasCommit, readCommit } from '../../../infra/git/objects.js';
import { asAttempt } from '../../support/git/activity-world.js';
import { landingCalls } from '../../support/merge/landing-calls.js';
import { type LandingWorld, landingWorld, lines } from '../../support/merge/landing-world.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let world: LandingWorld;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await landingWorld(database);
});
afterEach(() => world.remove());

const { compose, composed, prepare, prepared, land, outsider } = landingCalls(() => world);

/** What the forge does with the next push, before it takes it. */
const onReceive = (forge: string, script: string): void => {
  mkdirSync(join(forge, 'hooks'), { recursive: true });
  writeFileSync(join(forge, 'hooks', 'pre-receive'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

describe('what lands', () => {
  test('is the tested tree, as one first-parent commit that names its entry', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    expect(await land(target, [one])).toEqual({ kind: 'landed' });
    const tip = await world.tip('main');
    expect(tip).toBe(target.commit);
    const mirror = await world.mirror();
    expect(await firstParents(mirror, { base: world.base, tip: target.commit })).toEqual([target.commit]);
    const commit = await readCommit(mirror, target.commit);
    expect(commit).toMatchObject({ tree: target.tree, parents: [world.base, one.headSha], authorName: 'Ada' });
    expect(commit.message).toBe(`one (#${one.prNumber})\n\nMillwright-Entry: ${one.entryId}`);
    expect(await asAttempt(1, world.merge.checkLanding, { ...world.at, target })).toEqual({ kind: 'ok' });
  });

  test('is composed alike by every attempt and every host', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    expect(await composed(world.base, [one])).toEqual(await composed(world.base, [one]));
  });

  test('is shown as merged, however often that is asked', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    await land(target, [one]);
    const mark = { ...world.at, entryId: one.entryId, prNumber: one.prNumber, mergeSha: target.commit };
    await asAttempt(1, world.merge.markLanded, mark);
    await asAttempt(2, world.merge.markLanded, mark);
    await asAttempt(1, world.merge.markLanded, { ...mark, prNumber: 99 });
    expect(await world.forge.readPullRequest(world.projectId, one.prNumber)).toMatchObject({
      state: 'merged',
      mergeCommitSha: target.commit,
    });
  });

  test('something else than was tested is a mismatch', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    await land(target, [one]);
    const check = (wrong: object) =>
      asAttempt(1, world.merge.checkLanding, { ...world.at, target: { ...target, ...wrong } });
    expect((await check({ tree: await world.treeOf(world.base) })).kind).toBe('mismatch');
    expect((await check({ commit: one.headSha })).kind).toBe('mismatch');
  });

  test('on another base than it was tested on is a mismatch, though its tree is the tested one', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const two = await world.open('two', { 'b.txt': lines('b', { 1: 'two' }) });
    const first = await prepared(world.base, [one]);
    await land(first, [one]);
    const second = await prepared(first.commit, [two]);
    await land(second, [two]);
    const check = (base: string) =>
      asAttempt(1, world.merge.checkLanding, { ...world.at, target: { ...second, base } });
    expect(await check(first.commit)).toEqual({ kind: 'ok' });
    expect(await check(world.base)).toEqual({
      kind: 'mismatch',
      message: `${second.commit} does not follow ${world.base}`,
    });
  });
});

describe('a landing lands once', () => {
  test('whose answer was lost finds its commit on the base, also under commits of others', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    await land(target, [one]);
    expect(await land(target, [one], 2)).toEqual({ kind: 'landed' });
    outsider(target.commit, { 'z.txt': 'z' });
    expect(await land(target, [one], 3)).toEqual({ kind: 'landed' });
    expect(
      await firstParents(await world.mirror(), { base: world.base, tip: (await world.tip('main')) ?? '' }),
    ).toHaveLength(2);
  });

  test('whose push comes too late finds its commit under those of others', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    const { url } = await world.forge.remote(world.projectId);
    world.source.git('fetch', '-q', (await world.mirror()).dir, target.commit);
    const above = world.source.commitOn(target.commit, 'outside', { 'z.txt': 'z' });
    world.push(above, 'waiting');
    // While this push is under way an earlier attempt's arrives, and somebody's commit on top of it.
    const unbound = '-u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES';
    onReceive(url, `env ${unbound} git update-ref refs/heads/main ${above}`);
    expect(await land(target, [one], 2)).toEqual({ kind: 'landed' });
    expect(await world.tip('main')).toBe(above);
  });

  test('of two onto one base a single one wins', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const two = await world.open('two', { 'b.txt': lines('b', { 1: 'two' }) });
    const [first, second] = [await prepared(world.base, [one]), await prepared(world.base, [two])];
    const answers = await Promise.all([land(first, [one]), land(second, [two])]);
    expect(answers.map((answer) => answer.kind).toSorted()).toEqual(['baseMoved', 'landed']);
    expect(
      await firstParents(await world.mirror(), { base: world.base, tip: (await world.tip('main')) ?? '' }),
    ).toHaveLength(1);
  });

  test('by a host that did not compose it makes the same commit again', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    // A mirror without the candidate, as on another host.
    world.source.git('-C', world.deps.mirrors.path(world.projectId), 'gc', '-q', '--prune=now');
    expect(await hasCommit(await world.mirror(), target.commit)).toBe(false);
    expect(await land(target, [one])).toEqual({ kind: 'landed' });
    expect(await world.tip('main')).toBe(target.commit);
  });

  test('by a host whose git composes another commit does not land', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    const elsewhere = { ...target, commit: 'f'.repeat(40) };
    await expect(land(elsewhere, [one])).rejects.toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('do all workers run one git?'),
    });
    expect(await world.tip('main')).toBe(world.base);
  });
});

describe('a base that moves', () => {
  test('by an outsider is refused by the lease, and nobody loses a place', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    const tip = outsider(world.base, { 'z.txt': 'z' });
    expect(await land(target, [one])).toEqual({ kind: 'baseMoved', tip });
    expect(await prepare(world.base, [one])).toEqual({ kind: 'tipMoved', tip });
    expect(await compose(world.base, [one])).toEqual({ kind: 'tipMoved', tip });
    expect(await world.tip('main')).toBe(tip);
  });

  test('forward or by a rewrite is told apart', async () => {
    const read = (tip: string) => asAttempt(1, world.merge.readQueueRemote, { ...world.at, tip });
    expect(await read(world.base)).toMatchObject({ kind: 'there', moved: 'no', cfg: { budget: 1, attempts: 3 } });
    const tip = outsider(world.base, { 'z.txt': 'z' });
    expect(await read(world.base)).toMatchObject({ moved: 'forward', tip });
    const other = world.source.commitOn(world.base, 'other history', { 'y.txt': 'y' });
    world.push(other, 'main');
    expect(await read(tip)).toMatchObject({ moved: 'rewritten', tip: other });
  });

  test('back by a rewind is not brought forward again by a late push', async () => {
    const second = outsider(world.base, { 'z.txt': 'z' });
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) }, second);
    const target = await prepared(second, [one]);
    world.push(world.base, 'main');
    expect(await land(target, [one])).toEqual({ kind: 'baseMoved', tip: world.base });
    expect(await world.tip('main')).toBe(world.base);
  });
});

describe('a head that moves', () => {
  test('between preparation and push refuses the push: neither old nor mixed content lands', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    const headSha = world.source.commitOn(one.headSha, 'more', { 'b.txt': lines('b', { 2: 'more' }) });
    world.push(headSha, one.headRef);
    expect(await land(target, [one])).toEqual({ kind: 'headMoved', headSha });
    expect(await prepare(world.base, [one])).toEqual({ kind: 'headMoved', entryId: one.entryId, headSha });
    expect(await world.tip('main')).toBe(world.base);
  });

  test('or is gone ends that entry alone', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    world.source.git('push', '-q', (await world.forge.remote(world.projectId)).url, `:refs/heads/${one.headRef}`);
    expect(await land(target, [one])).toEqual({ kind: 'headGone' });
    expect(await prepare(world.base, [one])).toMatchObject({ kind: 'refused', reason: 'BRANCH_GONE' });
  });
});

test('a landing that the forge forbids says so, and the base stays', async () => {
  const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
  const target = await prepared(world.base, [one]);
  const { url } = await world.forge.remote(world.projectId);
  onReceive(url, 'echo "main is protected" >&2; exit 1');
  expect(await land(target, [one])).toMatchObject({ kind: 'forbidden', message: expect.stringContaining('protected') });
  expect(await world.tip('main')).toBe(world.base);
});

describe('the certificate', () => {
  test('is nothing whose required checks cannot be told', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    await prepared(world.base, [one]);
    world.breakPlan('millwright.yml is not valid');
    expect(await prepare(world.base, [one])).toEqual({ kind: 'uncertified', checks: ['millwright.yml is not valid'] });
  });

  test('is passed evidence for every required check on the landing tree, and nothing less', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const { tree } = await composed(world.base, [one]);
    expect(await prepare(world.base, [one])).toEqual({ kind: 'uncertified', checks: ['test'] });
    await world.say(tree, 'failed');
    expect(await prepare(world.base, [one])).toEqual({ kind: 'uncertified', checks: ['test'] });
    await world.evidence.voidEvidence({ projectId: world.projectId, keys: [`key ${tree}`], reason: 'test' });
    await world.say(tree);
    expect((await prepare(world.base, [one])).kind).toBe('ready');
    await database.pools.writes.query({
      text: `UPDATE evidence SET expires_at = now() - interval '1 second' WHERE key = $1`,
      values: [`key ${tree}`],
    });
    expect(await prepare(world.base, [one])).toEqual({ kind: 'uncertified', checks: ['test'] });
  });

  test('that exists after an outside move spares a build; a known red, another tree and no answer are told apart', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const tip = outsider(world.base, { 'z.txt': 'z' });
    const { tree } = await composed(tip, [one]);
    const revalidate = (built: string) =>
      asAttempt(1, world.merge.revalidatePath, { ...world.at, tip, members: [one], tree: built });
    expect((await revalidate('another')).kind).toBe('forget');
    expect((await revalidate(tree)).kind).toBe('same');
    await world.say(tree, 'failed');
    expect(await revalidate(tree)).toMatchObject({
      kind: 'failed',
      result: { cause: 'red', failedChecks: [{ name: 'test' }] },
    });
    await world.evidence.voidEvidence({ projectId: world.projectId, keys: [`key ${tree}`], reason: 'test' });
    await world.say(tree);
    expect((await revalidate(tree)).kind).toBe('passed');
  });
});
