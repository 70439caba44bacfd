import { expect, test } from '@jest/globals';
import type { Counts } from '../../../infra/invariants/counts.js';
import { countRows, countTable, type Evidence, isRight } from '../../demo/verdict.js';
import type { BilledCall } from '../../support/model-server/record.js';

const counts: Counts = {
  epics: 1,
  epicsCompleted: 1,
  tasks: 7,
  tasksCompleted: 7,
  pullRequests: 8,
  merges: 8,
  redCommits: 0,
  repliesBought: 2,
  callsLost: 1,
  repliesBoughtTwice: 0,
  lostMails: 0,
  processesLeft: 0,
  treesLeft: 0,
  locksLeft: 0,
  branchesLeft: 0,
};

const at = (second: number): string => new Date(second * 1_000).toISOString();
const call = (requestHash: string, second: number): BilledCall => ({
  kind: 'billed',
  at: at(second),
  rule: 'r',
  step: 0,
  requestHash,
  model: 'm',
  messageId: `${requestHash}-${second}`,
  inputTokens: 0,
  write5mTokens: 0,
  write1hTokens: 0,
  readTokens: 0,
  outputTokens: 1,
  complete: true,
  head: {},
});
const killAt = (second: number) => ({ victim: 'worker', pid: 1, program: '', atMs: second * 1_000 }) as const;

const right: Evidence = {
  counts,
  findings: [],
  bill: [call('a', 1), call('b', 2), call('b', 4)],
  kills: [killAt(3)],
  pulled: [1, 2, 3, 4, 5, 6, 7, 8],
  red: [],
};
const wrong = (more: Partial<Evidence>): readonly string[] =>
  countRows({ ...right, ...more })
    .filter((row) => !isRight(row))
    .map(({ what }) => what);

test('a call that was in flight at a kill may be made again, and everything else is as it must be', () => {
  expect(wrong({})).toEqual([]);
  expect(countTable(countRows(right))).toMatchInlineSnapshot(`
"   COUNT                   IS  MUST BE  COUNTED
✔  epics completed         1   1        of 1 that was filed
✔  tasks completed         7   7        that the scenario plans
✔  pull requests           8   8        one a task, one for the epic
✔  merges                  8   8        in the records of the merge queue
✔  merges that git pulled  8   8        each pull request once
✔  merged twice            0   0        in the pulled history
✔  red commits             0   0        each merge checked out and checked again
✔  replies bought          2   –        3 calls on the model server’s own bill
✔  bought twice            0   0        except 1 in flight at a kill, which nobody had received
✔  lost mails              0   0        answers that did not reach who waits
✔  processes left          0   0        in sandboxes
✔  trees left              0   0        working trees of agents and checks
✔  locks left              0   0        of git
✔  branches left           0   0        of tasks and of the epic
✔  promises broken         0   0        of 9 that the checker compares"
`);
});

test.each([
  ['a task that is not done', { counts: { ...counts, tasksCompleted: 6 } }, ['tasks completed']],
  ['a second merge', { pulled: [1, 2, 3, 4, 5, 6, 7, 8, 8] }, ['merged twice']],
  ['a merge that git does not have', { pulled: [1, 2, 3, 4, 5, 6, 7] }, ['merges that git pulled']],
  ['a merge that is red here', { red: [3] }, ['red commits']],
  ['a reply bought again without a kill in between', { kills: [killAt(0.5), killAt(5)] }, ['bought twice']],
  ['a reply bought after it was kept', { counts: { ...counts, repliesBoughtTwice: 1 } }, ['bought twice']],
  ['a tree left', { counts: { ...counts, treesLeft: 1 } }, ['trees left']],
  [
    'a broken promise',
    { findings: [{ id: 'I6', verdict: 'violated', subject: 's', detail: 'd', remedy: 'r' }] },
    ['promises broken'],
  ],
] as const)('%s is wrong', (_name, more, what) => {
  expect(wrong(more)).toEqual(what);
});
