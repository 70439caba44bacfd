import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fetchBranch } from '../../infra/git/mirror.js';
import { hasCommit, readRef } from '../../infra/git/objects.js';
import { pushImport, pushLanding, pushOwnRef } from '../../infra/git/push.js';
import { readTip } from '../../infra/git/remote-refs.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';

let world: GitWorld;
let base: string;
let head: string;
const HEAD_BRANCH = 'millwright/work-0123456789ab';
const REF = `refs/heads/${HEAD_BRANCH}`;

beforeEach(async () => {
  world = await gitWorld();
  base = world.source.commit('first', { 'a.txt': 'a\n' });
  head = world.source.commitOn(base, 'work', { 'b.txt': 'b\n' });
  await world.take(base, head);
  await pushImport(world.mirror, world.remote, { branch: 'main', base: undefined, commit: base });
});
afterEach(() => world.remove());

const tip = (branch: string) => readTip(world.mirror, world.remote, branch);
const pushHead = (to: string | undefined, expected: string | undefined) =>
  pushOwnRef(world.mirror, world.remote, { ref: REF, to, expected });
const land = (commit = head, headSha = head) =>
  pushLanding(world.mirror, world.remote, {
    branch: 'main',
    base,
    commit,
    head: { branch: HEAD_BRANCH, sha: headSha },
  });

test('a branch of ours is created, moved and deleted, each under a lease', async () => {
  await pushHead(base, undefined);
  await pushHead(head, base);
  expect(await tip(HEAD_BRANCH)).toBe(head);
  await pushHead(undefined, head);
  expect(await tip(HEAD_BRANCH)).toBeUndefined();
});

test('pushing what the forge holds already is done, whatever was expected', async () => {
  await pushHead(head, undefined);
  await pushHead(head, undefined);
  await pushHead(undefined, head);
  await pushHead(undefined, head);
  expect(await tip(HEAD_BRANCH)).toBeUndefined();
});

test('a branch that somebody else moved is a conflict and stays', async () => {
  await pushHead(head, undefined);
  await expect(pushHead(base, base)).rejects.toMatchObject({ type: 'Conflict' });
  expect(await tip(HEAD_BRANCH)).toBe(head);
});

test.each([
  'refs/heads/main',
  'refs/heads/millwright',
  'refs/tags/millwright/x',
  'refs/heads/millwright/../main',
  'HEAD',
])('%s is not ours to push', async (ref) => {
  await expect(pushOwnRef(world.mirror, world.remote, { ref, to: head, expected: undefined })).rejects.toMatchObject({
    type: 'PermissionDenied',
  });
});

test('a landing moves the base when both leases hold', async () => {
  await pushHead(head, undefined);
  expect(await land()).toEqual({ kind: 'pushed' });
  expect(await tip('main')).toBe(head);
  expect(await land()).toEqual({ kind: 'pushed' });
});

test('a landing is refused when the author pushed meanwhile, and the base stays', async () => {
  const newer = world.source.commitOn(head, 'more', { 'c.txt': 'c\n' });
  await world.take(newer);
  await pushHead(newer, undefined);
  expect(await land()).toEqual({ kind: 'headMoved' });
  expect(await tip('main')).toBe(base);
});

test('a landing is refused when the base moved or was rewound', async () => {
  await pushHead(head, undefined);
  const other = world.source.commitOn(base, 'other', { 'd.txt': 'd\n' });
  await world.take(other);
  await pushImport(world.mirror, world.remote, { branch: 'main', base, commit: other });
  expect(await land()).toEqual({ kind: 'baseMoved' });
  expect(await tip('main')).toBe(other);
});

test('a commit that does not descend from the base is never pushed', async () => {
  const other = world.source.commitOn(base, 'other', { 'd.txt': 'd\n' });
  await world.take(other);
  await expect(
    pushLanding(world.mirror, world.remote, { branch: 'main', base: other, commit: head }),
  ).rejects.toMatchObject({ type: 'Conflict' });
});

test('a push that a hook of the forge refuses says so and is not repeated', async () => {
  const hook = join(world.forge.dir, 'hooks', 'pre-receive');
  mkdirSync(join(world.forge.dir, 'hooks'), { recursive: true });
  writeFileSync(hook, '#!/bin/sh\necho "main is protected" >&2\nexit 1\n');
  chmodSync(hook, 0o755);
  await expect(pushHead(head, undefined)).rejects.toMatchObject({
    type: 'PermissionDenied',
    details: { reason: 'PUSH_REFUSED' },
  });
});

test('a push that the forge itself refuses says why and is not repeated', async () => {
  const why = 'refusing to allow a GitHub App to create or update workflow `ci.yml` without `workflows` permission';
  const line = (text: string): string => `${(text.length + 5).toString(16).padStart(4, '0')}${text}\n`;
  const report = `${line('version=1')}0000${line(`ng ${REF} ${why}`)}0000`;
  const hook = join(world.forge.dir, 'hooks', 'proc-receive');
  mkdirSync(join(world.forge.dir, 'hooks'), { recursive: true });
  writeFileSync(hook, `#!/bin/sh\ncat <<'END'\n${report}\nEND\ncat >/dev/null\n`);
  chmodSync(hook, 0o755);
  world.source.git('--git-dir', world.forge.dir, 'config', 'receive.procReceiveRefs', 'refs/heads');
  await expect(pushHead(head, undefined)).rejects.toMatchObject({
    type: 'PermissionDenied',
    message: expect.stringContaining(why),
    details: { reason: 'PUSH_REFUSED' },
  });
});

test('a branch is fetched once and its objects are here', async () => {
  const later = world.source.commitOn(base, 'later', { 'z.txt': 'z\n' });
  world.source.git('push', '-q', world.forge.dir, `${later}:refs/heads/main`);
  expect(await fetchBranch(world.mirror, world.remote, 'main')).toBe(later);
  expect(await fetchBranch(world.mirror, world.remote, 'main')).toBe(later);
  expect(await hasCommit(world.mirror, later)).toBe(true);
  expect(await readRef(world.mirror, 'refs/millwright/forge/main')).toBe(later);
  await expect(fetchBranch(world.mirror, world.remote, 'none')).rejects.toMatchObject({ type: 'NotFound' });
});

test('many fetches of one branch at once all succeed', async () => {
  const later = world.source.commitOn(base, 'later', { 'z.txt': 'z\n' });
  world.source.git('push', '-q', world.forge.dir, `${later}:refs/heads/main`);
  const all = await Promise.all(Array.from({ length: 8 }, () => fetchBranch(world.mirror, world.remote, 'main')));
  expect(new Set(all)).toEqual(new Set([later]));
});

test('an import that does not descend from what the forge holds, or that comes too late, moves nothing', async () => {
  const bring = (from: string | undefined, commit: string) =>
    pushImport(world.mirror, world.remote, { branch: 'main', base: from, commit });
  const apart = world.source.commitOn(base, 'apart', { 'd.txt': 'd\n' });
  await world.take(apart);
  await bring(base, apart);
  await expect(bring(apart, head)).rejects.toMatchObject({ type: 'Conflict' });
  await expect(bring(base, head)).rejects.toMatchObject({ type: 'Conflict' });
  await expect(bring(undefined, head)).rejects.toMatchObject({ type: 'Conflict' });
  expect(await tip('main')).toBe(apart);
});
