import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { findCheckpoint, setRef } from '../../infra/git/checkpoint.js';
import { checkpointRef } from '../../infra/git/refs.js';
import { type ActivityWorld, activityWorld, asAttempt } from '../support/git/activity-world.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertAgent, insertEpic, insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: ActivityWorld;
let projectId: string;
let base: string;
const CHECKS = 'version: 1\nchecks:\n  - name: test\n    run: npm test\n';

beforeAll(async () => {
  database = await createTestDatabase();
  await insertAgent(database.pools.writes, 'anthropic-worker');
  await insertAgent(database.pools.writes, 'anthropic-supervisor');
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await activityWorld(database);
  ({ projectId } = world);
  base = world.source.commit('first', { 'a.txt': 'a\n', 'millwright.yml': CHECKS });
});
afterEach(() => world.remove());

const imported = (attempt = 1) => asAttempt(attempt, world.repository.importSource, { projectId });
const inspected = (tip: string) => asAttempt(1, world.repository.inspectProject, { projectId, tip });
const createBranch = (branch: string, from = 'main') =>
  asAttempt(1, world.repository.createBranch, { projectId, branch, from });
const deleteMerged = (branch: string, mergedSha: string) =>
  asAttempt(1, world.repository.deleteMergedBranch, { projectId, branch, target: 'main', mergedSha });
/** Pushes to the forge as somebody who is not Millwright. */
const pushed = async (sha: string, branch: string): Promise<void> => {
  const { url } = await world.forge.remote(projectId);
  world.source.git('push', '-q', '-f', url, `${sha}:refs/heads/${branch}`);
};
const projectRow = async () =>
  (
    await database.pools.writes.query({
      text: 'SELECT config, proposals FROM project WHERE id = $1',
      values: [projectId],
    })
  ).rows[0];

test('importing makes mirror and forge, and again moves nothing', async () => {
  expect(await imported()).toEqual({ baseBranch: 'main', tip: base, moved: true });
  expect(await imported(2)).toEqual({ baseBranch: 'main', tip: base, moved: false });
  expect(await world.tip('main')).toBe(base);
});

test('a project whose source does not answer says why it is still being imported, until it does', async () => {
  const say = async (text: string) => {
    const { rows } = await database.pools.writes.query({ text, values: [projectId] });
    return rows[0];
  };
  const reason = () => say('SELECT state, reason FROM project WHERE id = $1');
  const from = (source: string) => say(`UPDATE project SET state = 'importing', source = '${source}' WHERE id = $1`);
  await from('https://nowhere.invalid/acme/shop');
  await expect(imported()).rejects.toMatchObject({ type: 'Unavailable' });
  expect(await reason()).toEqual({
    state: 'importing',
    reason: expect.stringContaining("unable to access 'https://nowhere.invalid/acme/shop/'"),
  });
  await from(world.source.dir);
  await imported(2);
  expect(await reason()).toEqual({ state: 'importing', reason: null });
});

test('an inspection stores the effective configuration and says ready', async () => {
  await imported();
  expect(await inspected(base)).toEqual({ kind: 'ready' });
  expect(await projectRow()).toMatchObject({
    config: { checks: [{ name: 'test', run: 'npm test', required: true }], sandbox: 'bubblewrap', hasFile: true },
    proposals: [],
  });
});

test('an inspection without checks refuses and proposes what the repository’s own files suggest', async () => {
  const tip = world.source.commit('node', {
    'millwright.yml': null,
    'package.json': JSON.stringify({ scripts: { test: 'node --test' } }),
  });
  await imported();
  expect(await inspected(tip)).toEqual({
    kind: 'refused',
    reason: expect.stringContaining('no required check'),
  });
  expect(await projectRow()).toMatchObject({ proposals: [{ checks: [{ name: 'test', run: 'npm test' }] }] });
});

/** What is wrong, the file, and what is said of it. */
const WRONG: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['nothing in it', '', '1:1: the file must be a mapping'],
  ['half a line', 'version: [1', 'the file is not valid YAML'],
  ['a tab', 'version: 1\nchecks:\n\t- name: x\n', '3:1: the file is not valid YAML'],
  ['a key twice', `${CHECKS}version: 1\n`, '5:1: the file repeats the key "version"'],
  ['two documents', `${CHECKS}---\n${CHECKS}`, 'holds more than one document'],
  ['another version', 'version: 2\n', '1:10: version must be 1'],
  ['no version', 'checks: []\n', 'version is missing'],
  ['a key that nobody knows', `${CHECKS}colour: red\n`, '5:9: colour is not a known key'],
  ['a check without a command', 'version: 1\nchecks:\n  - name: test\n', '3:5: checks.0.run is missing'],
  [
    'checks in a circle',
    'version: 1\nchecks: [{ name: a, run: x, needs: [a] }]\n',
    '2:36: checks.0.needs turn in a circle',
  ],
  [
    'a text for a number',
    `${CHECKS}limits: { parallelTasks: "4" }\n`,
    '5:26: limits.parallelTasks must be a whole number',
  ],
  ['what only an admin may say', `${CHECKS}sandbox: none\n`, '5:10: sandbox can be set by an admin'],
  ['what is of a later version', `${CHECKS}merge: { policy: speculative }\n`, '5:18: merge.policy must be sequential'],
  ['a branch that is none', `${CHECKS}merge: { target: "a..b" }\n`, '5:18: merge.target must be the name of a branch'],
  ['an output outside', `${CHECKS}setup: { run: x, outputs: [../y] }\n`, '5:28: setup.outputs.0 must be a path inside'],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x41]), '1:1: the file is not UTF-8 text'],
  [
    'a bomb of aliases',
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]',
    '1:1: the file cannot be read',
  ],
  ['nesting without end', '['.repeat(10_000), '1:51: the file is nested deeper than 50 levels'],
  ['too much', `${CHECKS}# ${'x'.repeat(300_000)}\n`, '1:1: the file is larger than 256 KiB'],
];

test('a millwright.yml that is wrong in any way refuses the project with line and column, and no configuration is kept', async () => {
  for (const [what, text, why] of WRONG) {
    writeFileSync(join(world.source.dir, 'millwright.yml'), text);
    world.source.git('add', 'millwright.yml');
    world.source.git('commit', '-qm', what);
    const { tip } = await imported();
    const verdict = await inspected(tip);
    expect([what, verdict]).toEqual([
      what,
      { kind: 'refused', reason: expect.stringMatching(/^millwright\.yml:\d+:\d+: /) },
    ]);
    expect([what, verdict]).toEqual([what, { kind: 'refused', reason: expect.stringContaining(why) }]);
    expect([what, (await projectRow())?.config]).toEqual([what, {}]);
  }
});

test('an unknown agent, tracked outputs of setup and a submodule are refused', async () => {
  world.source.git('update-index', '--add', '--cacheinfo', `160000,${base},lib`);
  world.source.git('commit', '-qm', 'submodule');
  world.source.write({
    'millwright.yml': `${CHECKS}agents:\n  worker:\n    use: nobody\nsetup:\n  run: make\n  outputs: [a.txt]\n`,
  });
  world.source.git('add', 'millwright.yml');
  world.source.git('commit', '-qm', 'config');
  const { tip } = await imported();
  const { kind, reason } = await inspected(tip);
  expect(kind).toBe('refused');
  for (const words of ['submodules are not supported: lib', 'nobody', 'a.txt', 'setupNetwork'])
    expect(reason).toContain(words);
});

test('a branch is created once at the tip it comes from, and answers where it stands', async () => {
  await imported();
  expect(await createBranch('millwright/epic/x')).toEqual({ sha: base });
  world.source.commit('more', { 'b.txt': 'b\n' });
  await imported();
  expect(await createBranch('millwright/epic/x')).toEqual({ sha: base });
  await expect(createBranch('main-2')).rejects.toMatchObject({ type: 'PermissionDenied' });
  await expect(createBranch('millwright/y', 'none')).rejects.toMatchObject({ type: 'NotFound' });
});

test('a merged branch goes only when the target holds the merge and nothing was pushed after it', async () => {
  await imported();
  await createBranch('millwright/x');
  const work = world.source.commitOn(base, 'work', { 'b.txt': 'b\n' });
  await pushed(work, 'millwright/x');
  expect(await deleteMerged('millwright/x', work)).toEqual({ deleted: false });
  await pushed(work, 'main');
  const more = world.source.commitOn(work, 'after the merge', { 'c.txt': 'c\n' });
  await pushed(more, 'millwright/x');
  expect(await deleteMerged('millwright/x', work)).toEqual({ deleted: false });
  await pushed(work, 'millwright/x');
  expect(await deleteMerged('millwright/x', work)).toEqual({ deleted: true });
  expect(await deleteMerged('millwright/x', work)).toEqual({ deleted: true });
  expect(await world.tip('millwright/x')).toBeUndefined();
});

test('a branch goes whose change the target had by another way', async () => {
  await imported();
  await createBranch('millwright/x');
  await pushed(world.source.commitOn(base, 'work', { 'b.txt': 'b\n' }), 'millwright/x');
  const same = world.source.commitOn(base, 'the same by somebody else', { 'b.txt': 'b\n' });
  await pushed(same, 'main');
  const later = world.source.commitOn(same, 'went on', { 'b.txt': 'c\n' });
  await pushed(later, 'main');
  expect(await deleteMerged('millwright/x', same)).toEqual({ deleted: true });
});

test('dropping a branch takes its checkpoint along and is repeatable', async () => {
  await imported();
  await createBranch('millwright/x');
  const taskId = await insertTask(database.pools.writes, projectId);
  const mirror = await world.deps.mirrors.open(projectId);
  await setRef(mirror, checkpointRef(taskId), base);
  for (const attempt of [1, 2])
    await asAttempt(attempt, world.repository.dropBranch, { projectId, branch: 'millwright/x', taskId });
  expect([await world.tip('millwright/x'), await findCheckpoint(mirror, taskId)]).toEqual([undefined, undefined]);
  await expect(asAttempt(1, world.repository.dropBranch, { projectId, branch: 'main' })).rejects.toMatchObject({
    type: 'PermissionDenied',
  });
});

test('a head is contained when it is merged, or when its change is there by another way', async () => {
  await imported();
  const work = world.source.commitOn(base, 'work', { 'b.txt': 'b\n' });
  const same = world.source.commitOn(base, 'the same by somebody else', { 'b.txt': 'b\n' });
  await pushed(work, 'millwright/x');
  await pushed(same, 'millwright/y');
  const contained = (tip: string, head: string) => asAttempt(1, world.repository.isContained, { projectId, tip, head });
  expect(await contained(work, base)).toBe(true);
  expect(await contained(same, work)).toBe(true);
  expect(await contained(base, work)).toBe(false);
});

test('cleaning removes branches and checkpoints of ended work and locks of dead gits, and keeps the rest', async () => {
  await imported();
  const writes = database.pools.writes;
  const mirror = await world.deps.mirrors.open(projectId);
  await writes.query({ text: `UPDATE project SET base_branch = 'main' WHERE id = $1`, values: [projectId] });
  const branches: Record<string, string> = {};
  for (const state of ['COMPLETED', 'CANCELLED', 'FAILED', 'IN_PROGRESS']) {
    const id = await insertTask(writes, projectId, { state });
    branches[state] = `millwright/a-task-${id.slice(-12)}`;
    await setRef(mirror, checkpointRef(id), base);
    await pushed(base, branches[state]);
  }
  const unmerged = await insertTask(writes, projectId, { state: 'COMPLETED' });
  const work = world.source.commitOn(base, 'not landed', { 'b.txt': 'b\n' });
  await pushed(work, `millwright/a-task-${unmerged.slice(-12)}`);
  // Another had landed the same: the target, an epic's branch, is gone, and the head is nobody's ancestor.
  const same = await insertTask(writes, projectId, { state: 'COMPLETED' });
  await pushed(work, `millwright/a-task-${same.slice(-12)}`);
  await writes.query({ text: `UPDATE task SET target_branch = 'millwright/epic/gone' WHERE id = $1`, values: [same] });
  await writes.query({
    text: `INSERT INTO queue_entry (id, project_id, branch, pr_number, task_id, owner, title, head_ref, head_sha, seq, state, enqueued_by)
           VALUES (gen_random_uuid(), $1, 'millwright/epic/gone', 9, $2, 'o', 't', 'h', $3, 1, 'landed', 'ada')`,
    values: [projectId, same, work],
  });
  writeFileSync(join(mirror.dir, 'packed-refs.lock'), '');
  const { url } = await world.forge.remote(projectId);
  writeFileSync(join(url, 'HEAD.lock'), '');
  const clean = () => asAttempt(1, world.repository.cleanRepository, { projectId });
  expect(await clean()).toEqual({ removed: 7 });
  expect(await clean()).toEqual({ removed: 0 });
  const left = async (branch = '') => (await world.tip(branch)) !== undefined;
  expect([
    await left(branches.COMPLETED),
    await left(branches.CANCELLED),
    await left(branches.FAILED),
    await left(branches.IN_PROGRESS),
    await left(`millwright/a-task-${unmerged.slice(-12)}`),
    await left(`millwright/a-task-${same.slice(-12)}`),
  ]).toEqual([false, false, true, true, true, false]);
  expect(readdirSync(mirror.dir)).not.toContain('packed-refs.lock');
});

test('what failed goes with its epic: until that has ended it may be retried', async () => {
  const { writes } = database.pools;
  await imported();
  const mirror = await world.deps.mirrors.ensure(projectId);
  const epicId = await insertEpic(writes, projectId);
  const id = await insertTask(writes, projectId, { epicId, state: 'FAILED' });
  const branch = `millwright/a-task-${id.slice(-12)}`;
  await setRef(mirror, checkpointRef(id), base);
  await pushed(base, branch);
  const clean = () => asAttempt(1, world.repository.cleanRepository, { projectId });
  expect(await clean()).toEqual({ removed: 0 });
  await writes.query({ text: `UPDATE epic SET state = 'CANCELLED' WHERE id = $1`, values: [epicId] });
  expect(await clean()).toEqual({ removed: 2 });
  expect(await world.tip(branch)).toBeUndefined();
});

test('a project that was never imported has nothing to clean', async () => {
  expect(await asAttempt(1, world.repository.cleanRepository, { projectId })).toEqual({ removed: 0 });
});
