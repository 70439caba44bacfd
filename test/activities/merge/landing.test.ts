import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { firstParents, hasCommit, readCommit } from '../../../infra/git/objects.js';
import type { ComposeOutcome, MergeMember } from '../../../workflows/contract/activities/merge.js';
import { asAttempt } from '../../support/git/activity-world.js';
import { type LandingWorld, landingWorld, lines, recordOf } from '../../support/merge/landing-world.js';
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

const compose = (tip: string, members: readonly MergeMember[]): Promise<ComposeOutcome> =>
  asAttempt(1, world.merge.composeCandidate, { ...world.at, tip, members, expectTip: true });
const composed = async (tip: string, members: readonly MergeMember[]) => {
  const candidate = await compose(tip, members);
  if (candidate.kind !== 'composed') throw new Error(`not composed: ${candidate.kind}`);
  return candidate;
};
const prepare = (tip: string, members: readonly MergeMember[]) =>
  asAttempt(1, world.merge.prepareLanding, { ...world.at, tip, members });
const prepared = async (tip: string, members: readonly MergeMember[]) => {
  await world.say((await composed(tip, members)).tree);
  const ready = await prepare(tip, members);
  if (ready.kind !== 'ready') throw new Error(`not ready: ${ready.kind}`);
  return ready.target;
};
const land = (target: { base: string; commit: string; tree: string }, members: readonly MergeMember[], attempt = 1) =>
  asAttempt(attempt, world.merge.landHead, { ...world.at, target, members });
const outsider = (on: string, files: Record<string, string>): string => {
  world.fetch();
  const sha = world.source.commitOn(on, 'outside', files);
  world.push(sha, 'main');
  return sha;
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

describe('the certificate', () => {
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

describe('a composition', () => {
  test('that conflicts with the tip names the files; one that changes nothing is empty', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const two = await world.open('two', { 'a.txt': lines('a', { 1: 'two' }) });
    const same = await world.open('same', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    await land(target, [one]);
    expect(await compose(target.commit, [two])).toEqual({
      kind: 'conflict',
      entryId: two.entryId,
      with: 'tip',
      files: ['a.txt'],
    });
    expect(await compose(target.commit, [same])).toEqual({ kind: 'empty' });
    expect(await prepare(target.commit, [two])).toMatchObject({ kind: 'conflict', files: ['a.txt'] });
    const entries = [two, same].map(({ entryId, headSha, headRef }) => ({ entryId, headSha, headRef }));
    expect(await asAttempt(1, world.merge.sweepMergeability, { ...world.at, tip: target.commit, entries })).toEqual({
      conflicts: [{ entryId: two.entryId, headSha: two.headSha, files: ['a.txt'] }],
    });
  });

  test('without members is the tip itself', async () => {
    const tree = await world.treeOf(world.base);
    expect(await compose(world.base, [])).toEqual({
      kind: 'composed',
      parent: world.base,
      commit: world.base,
      tree,
      parentTree: tree,
    });
  });

  test('is the same with merge drivers, attributes, hooks, a stale MERGE_HEAD and hostile config around', async () => {
    const attributes = { '.gitattributes': '*.txt merge=evil\n*.py merge=union filter=evil\n' };
    const on = outsider(world.base, attributes);
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }), 'c.py': 'def f():\n    return 2\n' }, on);
    const tip = outsider(on, { 'c.py': 'def f():\n    return 3\n' });
    const before = await compose(tip, [one]);
    const two = await world.open('two', { 'b.txt': lines('b', { 3: 'two' }) }, on);
    const clean = await composed(tip, [two]);
    const dir = world.deps.mirrors.path(world.projectId);
    const canary = join(world.deps.dataDirectory, 'canary');
    const evil = `touch ${canary}; exit 0`;
    for (const [key, value] of [
      ['merge.evil.driver', evil],
      ['filter.evil.clean', evil],
      ['filter.evil.smudge', evil],
      ['core.hooksPath', join(dir, 'hooks')],
      ['core.fsmonitor', evil],
      ['merge.renames', 'false'],
      ['commit.gpgSign', 'true'],
    ] as const)
      world.source.git('-C', dir, 'config', key, value);
    mkdirSync(join(dir, 'hooks'), { recursive: true });
    for (const hook of ['pre-push', 'reference-transaction', 'post-merge', 'pre-merge-commit']) {
      writeFileSync(join(dir, 'hooks', hook), `#!/bin/sh\ntouch ${canary}\nexit 1\n`);
      chmodSync(join(dir, 'hooks', hook), 0o755);
    }
    writeFileSync(join(dir, 'MERGE_HEAD'), `${one.headSha}\n`);
    expect(before).toMatchObject({ kind: 'conflict', files: ['c.py'] });
    expect(await compose(tip, [one])).toEqual(before);
    expect(await composed(tip, [two])).toEqual(clean);
    expect(await land(await prepared(tip, [two]), [two])).toEqual({ kind: 'landed' });
    expect(() => world.source.git('-C', world.deps.dataDirectory, 'hash-object', canary)).toThrow();
  });
});

describe('an inspection', () => {
  const inspect = (member: MergeMember, more: object = {}) =>
    asAttempt(1, world.merge.inspectEntry, { ...world.at, ...member, tip: world.base, ...more });

  test('freezes title and patch, and says what conflicts', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const found = await inspect(one);
    expect(found).toMatchObject({ kind: 'ready', headSha: one.headSha, title: 'one', touch: { barrier: true } });
    expect(found).toHaveProperty('score.okPpm', 800_000);
    expect(found).toHaveProperty('patchId', expect.stringMatching(/^[0-9a-f]{40}$/));
    const two = await world.open('two', { 'a.txt': lines('a', { 1: 'two' }) });
    await land(await prepared(world.base, [one]), [one]);
    expect(await inspect(two, { tip: await world.tip('main') })).toMatchObject({ kind: 'ready', conflict: ['a.txt'] });
  });

  test('keeps the seat of a rebased head with an equal patch; white space makes another one', async () => {
    const one = await world.open('one', { 'c.py': 'def f():\n    return 2\n' });
    const first = await inspect(one);
    if (first.kind !== 'ready') throw new Error(first.kind);
    const { patchId } = first;
    const tip = outsider(world.base, { 'z.txt': 'z' });
    const rebased = world.source.commitOn(tip, 'one', { 'c.py': 'def f():\n    return 2\n' });
    world.push(rebased, one.headRef);
    expect(await inspect(one, { tip, patchId })).toMatchObject({ kind: 'ready', headSha: rebased, patchId });
    const spaces = world.source.commitOn(tip, 'one', { 'c.py': 'def f():\n        return 2\n' });
    world.push(spaces, one.headRef);
    expect(await inspect(one, { tip, patchId })).toEqual({ kind: 'headChanged', headSha: spaces });
    expect(await inspect(one, { tip })).toEqual({ kind: 'headChanged', headSha: spaces });
  });

  test('finds what an earlier life landed, what an outsider landed, and what ended before', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    const target = await prepared(world.base, [one]);
    const key = { workflowId: `merge-queue/${world.projectId}/main`, firstRunId: 'r' };
    await world.store.recordQueue({ ...world.at, key, gen: 1, entries: [recordOf(one)], log: [] });
    await world.store.recordLandingTarget({ entryId: one.entryId, target });
    await land(target, [one]);
    expect(await inspect(one)).toEqual({ kind: 'landed', mergeSha: target.commit, external: false });
    const two = await world.open('two', { 'b.txt': lines('b', { 1: 'two' }) });
    world.fetch();
    const merge = world.source.git(
      'commit-tree',
      `${two.headSha}^{tree}`,
      '-p',
      target.commit,
      '-p',
      two.headSha,
      '-m',
      'by hand',
    );
    world.push(merge, 'main');
    expect(await inspect(two)).toEqual({ kind: 'landed', mergeSha: merge, external: true });
    const ended = recordOf(two, { state: 'withdrawn', decidedAt: '2026-11-21T00:00:01.000Z' });
    await world.store.recordQueue({ ...world.at, key, gen: 2, entries: [ended], log: [] });
    expect(await inspect(two)).toEqual({ kind: 'ended', state: 'withdrawn' });
  });

  test('refuses what is closed, absent, gone, or aimed elsewhere', async () => {
    const one = await world.open('one', { 'a.txt': lines('a', { 1: 'one' }) });
    expect(await inspect({ ...one, prNumber: 99 })).toEqual({ kind: 'refused', reason: 'PR_CLOSED' });
    await database.pools.writes.query({
      text: `UPDATE pull_request SET base_ref = 'other' WHERE project_id = $1`,
      values: [world.projectId],
    });
    expect(await inspect(one)).toEqual({ kind: 'refused', reason: 'BASE_CHANGED' });
    await database.pools.writes.query({
      text: `UPDATE pull_request SET draft = true WHERE project_id = $1`,
      values: [world.projectId],
    });
    expect(await inspect(one)).toEqual({ kind: 'refused', reason: 'PR_DRAFT' });
    await world.forge.closePullRequest(world.projectId, one.prNumber, 'no');
    expect(await inspect(one)).toEqual({ kind: 'refused', reason: 'PR_CLOSED' });
  });

  test('of a queue on a branch that is not there answers that it is gone', async () => {
    expect(await asAttempt(1, world.merge.openQueue, world.at)).toMatchObject({ kind: 'open', tip: world.base });
    const absent = { ...world.at, branch: 'none' };
    expect((await asAttempt(1, world.merge.openQueue, absent)).kind).toBe('gone');
    expect((await asAttempt(1, world.merge.readQueueRemote, { ...absent, tip: world.base })).kind).toBe('gone');
  });
});
