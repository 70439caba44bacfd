import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { MergeMember } from '../../../workflows/contract/activities/merge.js';
import { asAttempt } from '../../support/git/activity-world.js';
import { landingCalls } from '../../support/merge/landing-calls.js';
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

const { prepared, land, outsider } = landingCalls(() => world);

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
