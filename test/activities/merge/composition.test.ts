import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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
