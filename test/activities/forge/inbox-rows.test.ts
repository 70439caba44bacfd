// What the rows hold apart of deliveries, commands, issues and checks of a forge. Who uses them has tests of their own.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import {
  claimForgeCheck,
  endForgeCheck,
  isGivenUp,
  listNeededRefs,
} from '../../../activities/checks/forge/forge-check.repository.js';
import {
  claimCommand,
  findCommand,
  listAskedPages,
  listUnreported,
  saveOutcome,
  saveReported,
} from '../../../activities/forge/issues/command.repository.js';
import { moveCursor, openCursor } from '../../../activities/forge/issues/cursor.repository.js';
import {
  findEpicIssue,
  insertEpicIssue,
  isEpicElsewhere,
  saveSeenText,
} from '../../../activities/forge/issues/epic-issue.repository.js';
import {
  closeDeliveries,
  countAttempt,
  listOpenDeliveries,
} from '../../../activities/forge/watch/delivery.repository.js';
import { upsertBuild } from '../../../activities/store/queue.repository.js';
import type { TrackerKind } from '../../../infra/forge/issues.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertEpic, insertProject, insertTask } from '../../support/rows.js';

let db: TestDatabase;
let projectId: string;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  projectId = await insertProject(db.pools.writes);
});
const sql = async (text: string, ...values: unknown[]) => (await db.pools.writes.query({ text, values })).rows;

test('a delivery is handled once, by whoever looks at where it came from', async () => {
  const add = async (id: string, hint: object | null, project = projectId) => {
    await sql(
      'INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES ($1, $2, $3, $4)',
      `${id} ${projectId}`,
      'issues',
      hint && JSON.stringify(hint),
      project,
    );
    return `${id} ${projectId}`;
  };
  const first = await add('1', { subject: { kind: 'issue' } });
  const second = await add('2', { subject: { kind: 'issue' } });
  const other = await add('3', { subject: { tracker: 'linear' } });
  await add('4', null);
  await add('5', { subject: { kind: 'issue' } }, await insertProject(db.pools.writes));
  const open = async (source: 'forge' | 'tracker', limit = 9) =>
    (await listOpenDeliveries(db.pools.writes, { projectId, source, limit })).map(({ deliveryId }) => deliveryId);
  expect([await open('forge'), await open('tracker'), await open('forge', 1)]).toEqual([
    [first, second],
    [other],
    [first],
  ]);
  await closeDeliveries(db.pools.writes, [first], 'looked');
  await closeDeliveries(db.pools.writes, [first], 'looked again');
  await countAttempt(db.pools.writes, [first, second], 'away');
  expect(await open('forge')).toEqual([second]);
  const text = 'SELECT attempts, outcome FROM webhook_delivery WHERE delivery_id = ANY ($1) ORDER BY delivery_id';
  expect(await sql(text, [first, second])).toEqual([
    { attempts: 1, outcome: 'looked' },
    { attempts: 1, outcome: 'away' },
  ]);
});

test('the first word of a command and its first outcome count, and an outsider’s is shown to nobody', async () => {
  const claim = (commentId: string, said: string) =>
    claimCommand(db.pools.writes, projectId, {
      tracker: 'github',
      commentId,
      key: '7',
      author: 'rita',
      said,
      commentedAt: `2026-01-01T00:00:0${commentId}Z`,
    });
  await claim('1', 'pause');
  expect(await claim('1', 'cancel')).toMatchObject({ said: 'pause', outcome: null });
  await claim('2', 'status');
  await claim('3', 'pause');
  const { writes } = db.pools;
  await saveOutcome(writes, projectId, '1', { outcome: 'done', answer: 'paused', mailId: uuidv7() });
  await saveOutcome(writes, projectId, '1', { outcome: 'refused', answer: 'no' });
  await saveOutcome(writes, projectId, '3', { outcome: 'outsider', answer: '' });
  expect(await findCommand(writes, projectId, '1')).toMatchObject({ outcome: 'done', answer: 'paused' });
  const unreported = async (tracker: TrackerKind = 'github') =>
    (await listUnreported(writes, projectId, tracker)).map(({ commentId }) => commentId);
  expect([await unreported(), await unreported('linear')]).toEqual([['1'], []]);
  await saveReported(writes, projectId, '1');
  expect(await unreported()).toEqual([]);
  expect(await listAskedPages(writes, projectId, 'github')).toEqual(['7']);
  await sql(`UPDATE forge_command SET created_at = now() - interval '8 days' WHERE project_id = $1`, projectId);
  expect(await listAskedPages(writes, projectId, 'github')).toEqual([]);
});

test('how far a tracker was read moves forward only', async () => {
  const { writes } = db.pools;
  const [old, young] = [new Date('2030-01-01'), new Date('2030-01-02')];
  await openCursor(writes, projectId, 'github');
  await moveCursor(writes, projectId, 'github', { issuesSince: young, commentsSince: old });
  await moveCursor(writes, projectId, 'github', { issuesSince: old });
  expect(await openCursor(writes, projectId, 'github')).toEqual({ issuesSince: young, commentsSince: old });
  expect((await openCursor(writes, projectId, 'linear')).issuesSince < old).toBe(true);
});

test('the text of an issue is the youngest that was seen, and its epic keeps other projects from another', async () => {
  const { writes } = db.pools;
  const epicId = await insertEpic(writes, projectId);
  const at = (second: number): string => `2026-01-01T00:00:0${second}.000Z`;
  const issue = { projectId, tracker: 'linear', key: 'k', name: 'ENG-1', epicId, url: '', author: 'a' } as const;
  const first = { ...issue, askedBy: 'a', hash: 'h1', seenAt: at(2), isTextApproved: true };
  await withTransaction(writes, (tx) => insertEpicIssue(tx, first));
  const seen = async () => (await findEpicIssue(writes, projectId, 'k'))?.seenHash;
  await saveSeenText(writes, projectId, { key: 'k', hash: 'h0', seenAt: at(1) });
  expect(await seen()).toBe('h1');
  await saveSeenText(writes, projectId, { key: 'k', hash: 'h2', seenAt: at(3) });
  expect(await seen()).toBe('h2');
  const other = await insertProject(writes);
  const elsewhere = (from: string, key = 'k') => isEpicElsewhere(writes, from, { tracker: 'linear', key });
  expect([await elsewhere(other), await elsewhere(projectId), await elsewhere(other, 'l')]).toEqual([
    true,
    false,
    false,
  ]);
  await sql(`UPDATE epic SET state = 'CANCELLED' WHERE id = $1`, epicId);
  expect(await elsewhere(other)).toBe(false);
});

const check = (buildId: string, purpose: 'first' | 'rerun' = 'first') => ({ projectId, key: 'k', buildId, purpose });
const begin = (id: ReturnType<typeof check>, beforeMark: string | null = null) =>
  claimForgeCheck(db.pools.writes, id, {
    commit: 'c',
    ref: `refs/${id.buildId}`,
    context: 'test',
    timeoutMs: 60_000,
    beforeMark,
    needsNewer: false,
  });

test('an attempt takes up what an earlier one asked the forge for, with what was said before', async () => {
  await begin(check('b'), 'before');
  await sql(`UPDATE forge_check SET asked_at = now() - interval '1 hour' WHERE project_id = $1`, projectId);
  await endForgeCheck(db.pools.writes, check('b'), 'left');
  const again = await begin(check('b'), 'later');
  expect(again.beforeMark).toBe('before');
  expect(again.waitedMs).toBeGreaterThanOrEqual(3_600_000);
  expect(await sql('SELECT outcome, ended_at FROM forge_check WHERE project_id = $1', projectId)).toEqual([
    { outcome: null, ended_at: null },
  ]);
});

test('only the run that was waited for in vain is given up', async () => {
  await begin(check('b'));
  const asked = { projectId, key: 'k', commit: 'c', mark: 'run 1' };
  const { writes } = db.pools;
  expect(await isGivenUp(writes, asked)).toBe(false);
  await endForgeCheck(writes, check('b'), 'failed', 'run 1');
  expect(await isGivenUp(writes, asked)).toBe(false);
  await endForgeCheck(writes, check('b'), 'timeout', 'run 1');
  const others = [{ mark: 'run 2' }, { commit: 'd' }, { key: 'l' }, { projectId: await insertProject(writes) }];
  expect(await isGivenUp(writes, asked)).toBe(true);
  for (const other of others) expect(await isGivenUp(writes, { ...asked, ...other })).toBe(false);
});

test('a candidate’s branch is needed while somebody waits there, or may have what was red run again', async () => {
  const { writes } = db.pools;
  const builds = ['waits', 'forgotten', 'passed', 'red', 'red-long', 'red-again'];
  for (const build of builds) await begin(check(build));
  for (const [build, outcome] of [['passed', 'passed'] as const, ...builds.slice(3).map((b) => [b, 'failed'] as const)])
    await endForgeCheck(writes, check(build), outcome);
  await begin(check('red-again', 'rerun'));
  await endForgeCheck(writes, check('red-again', 'rerun'), 'failed');
  const age = (column: string, build: string, by: string) =>
    sql(
      `UPDATE forge_check SET ${column} = now() - $3::interval WHERE project_id = $1 AND build_id = $2`,
      projectId,
      build,
      by,
    );
  await age('asked_at', 'forgotten', '3 hours');
  await age('ended_at', 'red-long', '11 minutes');
  const refs = builds.map((build) => `refs/${build}`);
  expect([...(await listNeededRefs(writes, projectId, refs))].sort()).toEqual(['refs/red', 'refs/waits']);
  expect(await listNeededRefs(writes, projectId, ['refs/red'])).toEqual(['refs/red']);
  expect(await listNeededRefs(writes, await insertProject(writes), refs)).toEqual([]);
});

test('a candidate’s branch is needed no longer when its build or its task has ended, though nobody ended the check', async () => {
  const { writes } = db.pools;
  const open = await insertTask(writes, projectId, { state: 'REVIEW' });
  const ended = await insertTask(writes, projectId, { state: 'COMPLETED' });
  const row = { projectId, branch: 'main', head: 1, members: [], on: [], workflowId: 'w', machineMs: 0 };
  await upsertBuild(writes, { ...row, pathId: `${projectId}/open`, attempt: 1, status: 'building' });
  await upsertBuild(writes, { ...row, pathId: `${projectId}/dropped`, attempt: 1, status: 'building' });
  await upsertBuild(writes, { ...row, pathId: `${projectId}/dropped`, attempt: 1, status: 'cancelled' });
  const needed = [`${projectId}/open/1`, `task/${open}/1`];
  const builds = [...needed, `${projectId}/dropped/1`, `task/${ended}/1`];
  for (const build of builds) await begin(check(build));
  const found = await listNeededRefs(
    writes,
    projectId,
    builds.map((build) => `refs/${build}`),
  );
  expect([...found].sort()).toEqual(needed.map((build) => `refs/${build}`).sort());
});
