import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { treeAt, writeRecord } from '../../infra/git/tree-record.js';
import { checkInvariants } from '../../infra/invariants/check.js';
import type { InvariantId } from '../../infra/invariants/finding.js';
import { ownIdentity } from '../../infra/process-identity.js';
import { InvariantsWorld } from '../support/invariants-world.js';

let world: InvariantsWorld;
beforeEach(async () => {
  world = await InvariantsWorld.create();
});
afterEach(() => world.drop());

const found = async (more: object = {}): Promise<readonly string[]> =>
  (await checkInvariants({ ...world.truths, ...more })).findings.map(({ id, verdict }) => `${id} ${verdict}`);

test('a home in order has no findings, and its work is counted', async () => {
  expect(await checkInvariants(world.truths)).toEqual({
    findings: [],
    counts: {
      epics: 1,
      epicsCompleted: 1,
      tasks: 1,
      tasksCompleted: 1,
      pullRequests: 1,
      merges: 1,
      redCommits: 0,
      repliesBought: 1,
      callsLost: 0,
      repliesBoughtTwice: 0,
      lostMails: 0,
      processesLeft: 0,
      treesLeft: 0,
      locksLeft: 0,
      branchesLeft: 0,
    },
  });
});

type Plant = () => Promise<unknown> | unknown;
const BLOCKED = `UPDATE epic SET state = 'BLOCKED', waiting_for = NULL`;
const plants: readonly (readonly [name: string, id: InvariantId, plant: Plant])[] = [
  [
    'an epic that says nothing',
    'I1',
    async () => {
      await world.run(BLOCKED);
      await world.transition('epic', 'COMPLETED', 'BLOCKED');
      world.engine.set(`epic/${world.epicId}`, { state: 'open', shows: 'BLOCKED' });
    },
  ],
  [
    'a second merged pull request of a task',
    'I2',
    () =>
      world.run(
        `INSERT INTO pull_request (project_id, number, task_id, title, body, author, head_ref, head_sha, base_ref, base_sha, state, marker)
         SELECT project_id, 2, task_id, title, body, author, 'other', head_sha, base_ref, base_sha, state, marker FROM pull_request`,
      ),
  ],
  [
    'a merge that the forge does not have',
    'I2',
    () => world.run(`UPDATE queue_entry SET landed_sha = repeat('b', 40)`),
  ],
  ['a merge of a tree without evidence', 'I2', () => world.run(`DELETE FROM evidence`)],
  [
    'a merge of another tree than the tested one',
    'I2',
    () => world.run(`UPDATE queue_entry SET landing = jsonb_set(landing, '{tree}', to_jsonb(repeat('a', 40)))`),
  ],
  [
    'a branch that was set back',
    'I3',
    () => world.git('update-ref', 'refs/heads/main', world.git('rev-parse', 'main^')),
  ],
  [
    'a landing on another base than the tested one',
    'I3',
    () => {
      const other = world.commit('elsewhere');
      return world.run(`UPDATE queue_entry SET landing = jsonb_set(landing, '{base}', to_jsonb($1::text))`, other);
    },
  ],
  [
    'a red tree on the branch',
    'I3',
    () =>
      world.run(
        `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, build_id, expires_at)
         SELECT gen_random_uuid(), project_id, 'k2', check_name, tree, 'failed', build_id, expires_at FROM evidence`,
      ),
  ],
  [
    'an outbox row that nobody sends',
    'I4',
    () =>
      world.run(`INSERT INTO outbox (id, kind, workflow_id, name) VALUES ($1, 'start', 'epic/x', 'epic')`, uuidv7()),
  ],
  [
    'an answer that its waiter never heard',
    'I4',
    () =>
      world.run(
        `INSERT INTO mail (id, thread_id, from_kind, from_id, to_kind, to_id, subject, body, kind, project_id, waiter_workflow_id, answered_at, answered_by)
         VALUES ($1, $1, 'agent', 'a', 'human', 'ada', 's', 'b', 'question', $2, 'task/x', now(), $3)`,
        uuidv7(),
        world.projectId,
        uuidv7(),
      ),
  ],
  ['an event that is gone', 'I6', () => world.run(`DELETE FROM event WHERE type = 'task.state'`)],
  ['a log that leaps', 'I6', () => world.transition('task', 'PENDING', 'COMPLETED')],
  ['a row that its log does not lead to', 'I6', () => world.run(`UPDATE task SET state = 'SKIPPED'`)],
  ['a reply that was not booked', 'I7', () => world.run(`UPDATE usage_ledger SET state = 'lost'`)],
  [
    'a reply bought after it was kept',
    'I7',
    () =>
      world.run(
        `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state, created_at)
         SELECT run_id, turn, 2, project_id, model, 'lost', now() + interval '1 second' FROM usage_ledger`,
      ),
  ],
  [
    'a reservation of an ended run',
    'I7',
    () =>
      world.run(
        `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state)
         SELECT run_id, 1, 1, project_id, model, 'reserved' FROM usage_ledger`,
      ),
  ],
  ['a run that shows less than was booked', 'I7', () => world.run(`UPDATE run SET cost_micro_usd = 1`)],
  ['a branch of ended work', 'I8', () => world.git('update-ref', 'refs/heads/millwright/old', 'main')],
  ['a lock of a dead git', 'I8', () => writeFileSync(join(world.repository, 'packed-refs.lock'), '')],
  [
    'a tree of an ended task',
    'I8',
    async () => {
      const tree = treeAt(join(world.layout.trees, 'live'), 'tree-1');
      mkdirSync(tree.directory, { recursive: true });
      const of = { projectId: world.projectId, ownerId: world.taskId, taskId: world.taskId };
      await writeRecord(tree, { ...of, mode: 'write', ready: true, excluded: [], process: ownIdentity() });
    },
  ],
  ['a secret in a log', 'I9', () => world.writeLog('key=canary-of-this-home')],
  [
    'a secret in a row',
    'I9',
    () => world.run(`INSERT INTO blob (ref, body) VALUES ('sha256:x', 'the canary-of-this-home is here')`),
  ],
  [
    'a workflow that runs on after its epic',
    'I11',
    () => world.engine.set(`epic/${world.epicId}`, { state: 'open', shows: 'COMPLETED' }),
  ],
];

test.each(plants)('%s is found', async (_name, id, plant) => {
  await plant();
  expect([...new Set(await found())]).toEqual([`${id} violated`]);
});

test('what landed on a branch that is gone must be on the base, unless its epic had nothing left to push', async () => {
  world.git('update-ref', 'refs/heads/main', world.git('rev-parse', 'main^'));
  await world.run(`UPDATE queue_entry SET branch = 'millwright/epic/x'`);
  await world.run(`UPDATE epic SET branch = 'millwright/epic/x', state = 'COMPLETED'`);
  const misses = async () => (await found()).filter((one) => one.startsWith('I3'));
  expect(await misses()).toEqual([]);
  await world.run(
    `INSERT INTO queue_entry (id, project_id, branch, pr_number, epic_id, owner, title, head_ref, head_sha, seq, state, landing, enqueued_by)
     SELECT gen_random_uuid(), project_id, 'main', 2, $1, 'o', 'e', 'millwright/epic/x', head_sha, 2, state, landing, 'ada' FROM queue_entry`,
    world.epicId,
  );
  expect(await misses()).toEqual(['I3 violated']);
});

test('an open epic that the engine does not know is found', async () => {
  await world.run(`UPDATE epic SET state = 'BLOCKED', waiting_for = 'ada'`);
  await world.transition('epic', 'COMPLETED', 'BLOCKED');
  world.engine.set(`epic/${world.epicId}`, { state: 'absent' });
  expect(await found()).toEqual(['I11 violated']);
  world.engine.set(`epic/${world.epicId}`, { state: 'open', shows: 'IN_PROGRESS' });
  expect(await found()).toEqual(['I11 violated']);
});

test('what the vendor billed and the books do not know is found', async () => {
  const reply = { requestHash: 'r', complete: true, outputTokens: 10 };
  expect(await found({ bill: [reply, reply] })).toEqual(['I7 violated', 'I7 violated']);
});

test('what was acknowledged and is gone is found', async () => {
  const lost = { kind: 'mail', id: uuidv7() } as const;
  expect(await found({ acknowledged: [{ kind: 'epic', id: world.epicId }, lost] })).toEqual(['I4 violated']);
});

test('what cannot be looked at is unknown, and hides nothing else', async () => {
  await world.run(`DELETE FROM evidence`);
  const engine = { ids: world.truths.engine?.ids, describe: () => Promise.reject(new Error('gone')) };
  expect(await found({ engine })).toEqual(['I2 violated', 'I11 unknown']);
});
