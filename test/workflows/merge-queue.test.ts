import { expect, test } from '@jest/globals';
import { until } from '../support/until.js';
import { limitedFor } from './support/forge-limit.js';
import { QUICK, QueueRig } from './support/queue-rig.js';
import { BROKEN, RED, shaOf } from './support/queue-world.js';

const q = QueueRig.forSuite();

test('three green pull requests land in order with one build each, and their owners hear of it', async () => {
  for (const n of [1, 2, 3]) q.world.pullRequest(n);
  const first = await q.owner(1);
  await q.start();
  expect(await q.enqueue(1)).toEqual({ kind: 'accepted', entryId: q.idOf(1), seq: 1 });
  await q.isInTurn(1);
  await q.enqueueInTurn(2, 3);
  await until(() => q.world.marked.length === 3);
  expect(q.world.marked).toEqual([1, 2, 3]);
  expect(q.world.runs.map((run) => run.purpose)).toEqual(['first', 'first', 'first']);
  await until(async () => (await first.heard()).events.length === 1);
  expect((await first.heard()).events).toEqual([
    { kind: 'entryLanded', entryId: q.idOf(1), prNumber: 1, mergeSha: q.world.landed[0] },
  ]);
  await until(() => [1, 2, 3].every((n) => q.stateOf(n) === 'landed'));
  expect((await q.view()).entries).toEqual([]);
});

test('a red change is run again, judged by a control run, and leaves with its evidence; the next one lands', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  const bad = q.world.treeOf(q.world.tip, shaOf('head 1'));
  q.world.check = ({ tree }) => (tree === bad ? RED : { outcome: 'passed', failedTests: [], ms: 1 });
  const first = await q.owner(1);
  await q.start();
  await q.enqueueInTurn(1, 2);
  await until(() => q.world.marked.includes(2));
  expect(q.world.runs.slice(0, 3).map(({ purpose, only }) => [purpose, only])).toEqual([
    ['first', undefined],
    ['rerun', ['adds']],
    ['control', ['adds']],
  ]);
  await until(async () => (await first.heard()).events.length === 1);
  const [event] = (await first.heard()).events;
  expect(event).toMatchObject({
    kind: 'entryEjected',
    reason: 'CHECKS_FAILED',
    detail: { failedChecks: [{ name: 'test', failedTests: ['adds'], logRef: 'sha256:log' }], tree: bad },
  });
  expect(event).toHaveProperty('detail.evidence', [q.world.evidence.get(`key ${bad}`)?.id]);
  await until(() => q.stateOf(1) === 'ejected');
});

test('a red on the base itself makes the lane red, blames nobody, and lands a fix of the base', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  const fixed = (tree: string): boolean =>
    q.world.landed.length > 0 || tree === q.world.treeOf(shaOf('tip'), shaOf('head 2'));
  q.world.check = ({ tree }) => (fixed(tree) ? { outcome: 'passed', failedTests: [], ms: 1 } : RED);
  const first = await q.owner(1);
  await q.start();
  await q.enqueue(1);
  await until(async () => (await q.view()).lane.mode === 'red');
  expect(await q.why(1)).toMatchObject({ entry: { why: { kind: 'LANE', mode: 'red' }, etaMs: null } });
  await q.enqueue(2, { fixesBase: true });
  await until(() => q.world.marked.length === 2);
  expect(q.world.marked).toEqual([2, 1]);
  expect((await q.view()).lane.mode).toBe('open');
  await until(async () => (await first.heard()).events.length === 3);
  expect((await first.heard()).events.map((event) => (event.kind === 'laneChanged' ? event.mode : event.kind))).toEqual(
    ['red', 'open', 'entryLanded'],
  );
});

test('a flaky test passes on its second run and is noted in the evidence', async () => {
  q.world.pullRequest(1);
  q.world.check = ({ purpose }) => (purpose === 'first' ? RED : { outcome: 'passed', failedTests: [], ms: 1 });
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect([...q.world.evidence.values()]).toMatchObject([{ outcome: 'passed', flakyTests: ['adds'] }]);
});

test('broken machinery never ejects: the same candidate is tried again and lands', async () => {
  q.world.pullRequest(1);
  let broken = 4;
  q.world.check = () => (broken-- > 0 ? BROKEN : { outcome: 'passed', failedTests: [], ms: 1 });
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect([...q.world.builds.keys()].map((id) => id.split('/').at(-1))).toEqual(['1', '2', '3', '4', '5']);
});

test('a conflict with what has landed asks the author by one mail and a signal; the seat is kept', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  q.world.pullRequest(3);
  const second = await q.owner(2);
  q.world.beforePush = () => {
    const pr = q.world.prs.get(2);
    if (pr && q.world.landed.length === 0) pr.conflict = true;
  };
  q.world.holdChecks();
  await q.start();
  await q.enqueueInTurn(1, 2, 3);
  await q.world.running();
  q.world.release();
  await until(async () => (await second.heard()).rebases.length === 1);
  const [request] = (await second.heard()).rebases;
  expect(request).toMatchObject({
    requestId: `${q.idOf(2)}/1`,
    round: 1,
    files: ['shared.txt'],
    prNumber: 2,
    tip: q.world.landed[0],
  });
  expect([...q.world.mails.keys()]).toEqual([`${q.idOf(2)}/1`]);
  await until(() => q.world.marked.includes(3));
  q.world.prs.set(2, { headSha: shaOf('rebased 2'), patchId: 'rebased' });
  await second.say({ kind: 'headPushed', entryId: q.idOf(2), headSha: shaOf('rebased 2') });
  await until(() => q.world.marked.includes(2));
  expect(q.world.marked).toEqual([1, 3, 2]);
  await until(() => q.stateOf(2) === 'landed');
  expect(q.world.entries.get(q.idOf(2))).toMatchObject({ seq: 2, state: 'landed', headSha: shaOf('rebased 2') });
});

test('an author who does not answer is asked three times, then the entry leaves', async () => {
  q.world.pullRequest(1, { conflict: true });
  const first = await q.owner(1);
  await q.start({ timing: { ...QUICK, rebaseRoundMs: 200 } });
  await q.enqueue(1);
  await until(() => q.stateOf(1) === 'ejected' && q.world.mails.size === 3);
  expect([...q.world.mails.keys()]).toEqual([1, 2, 3].map((round) => `${q.idOf(1)}/${round}`));
  await until(async () => (await first.heard()).events.length === 1);
  expect((await first.heard()).events).toMatchObject([
    { reason: 'REBASE_EXHAUSTED', detail: { files: ['shared.txt'] } },
  ]);
});

test('a push with the same change keeps the seat, another change unasked leaves', async () => {
  q.world.pullRequest(1);
  q.world.pullRequest(2);
  const [first, second] = [await q.owner(1), await q.owner(2)];
  q.world.holdChecks();
  await q.start();
  await q.enqueueInTurn(1, 2);
  await q.world.running();
  q.world.prs.set(1, { headSha: shaOf('pushed 1'), patchId: 'patch 1' });
  await first.say({ kind: 'headPushed', entryId: q.idOf(1), headSha: shaOf('pushed 1') });
  q.world.prs.set(2, { headSha: shaOf('pushed 2'), patchId: 'another' });
  await second.say({ kind: 'headPushed', entryId: q.idOf(2), headSha: shaOf('pushed 2') });
  await until(() => q.stateOf(2) === 'ejected');
  q.world.release();
  await until(() => q.world.marked.includes(1));
  expect(q.world.landed).toEqual([shaOf(`${shaOf('tip')} + ${shaOf('pushed 1')}`)]);
  expect(q.world.entries.get(q.idOf(2))?.reason).toBe('HEAD_CHANGED');
});

test('a push that lands between preparation and push is refused by the lease, and nothing old lands', async () => {
  q.world.pullRequest(1);
  await q.start();
  q.world.beforePush = () => {
    if (q.world.pushes.length === 1) q.world.prs.set(1, { headSha: shaOf('late'), patchId: 'patch 1' });
  };
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect(q.world.landed).toEqual([shaOf(`${shaOf('tip')} + ${shaOf('late')}`)]);
});

test('an outsider who moves the base costs a build, and nobody a place', async () => {
  q.world.pullRequest(1);
  await q.start();
  q.world.beforePush = () => {
    if (q.world.pushes.length === 1) q.world.outsiderPushes('outside');
  };
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect(q.world.landed).toEqual([shaOf(`${shaOf('outside')} + ${shaOf('head 1')}`)]);
  expect((await q.view()).lane.mode).toBe('open');
});

test('a landing waits for as long as the forge limits it, and nothing is tried anew for that', async () => {
  q.world.pullRequest(1);
  const limit = limitedFor(2);
  q.world.beforePush = limit.ask;
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect([limit.asked(), q.world.landed.length, q.world.builds.size]).toEqual([3, 1, 1]);
});

test('a build whose checks are held up by the forge’s limit is neither red nor tried anew', async () => {
  q.world.pullRequest(1);
  const limit = limitedFor(2);
  q.world.check = async () => {
    await limit.ask();
    return { outcome: 'passed', failedTests: [], ms: 1 };
  };
  await q.start();
  await q.enqueue(1);
  await until(() => q.world.marked.length === 1);
  expect([limit.asked(), [...q.world.builds.keys()].map((id) => id.split('/').at(-1))]).toEqual([3, ['1']]);
});
