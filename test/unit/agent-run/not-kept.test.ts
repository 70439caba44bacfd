import { expect, test } from '@jest/globals';
import { type AgentRunState, restore } from '../../../workflows/agent-run/agent-run.state.js';
import { afterTurn } from '../../../workflows/agent-run/next-act.js';
import type { NotKept } from '../../../workflows/contract/activities/agents.js';

const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };
const START = restore(
  {
    runId: 'run-1',
    projectId: 'project-1',
    kind: 'execution',
    agentName: 'worker',
    attempt: 1,
    round: 1,
    parentWorkflowId: 'task/1',
    host: HOST,
    context: {},
    tuning: 'brisk',
  },
  0,
);

/** A sealed turn, after which everything noted so far was handed to the model. */
const sealed = (run: AgentRunState, notKept: NotKept): AgentRunState =>
  afterTurn(
    run,
    { kind: 'sealed', host: HOST, effects: [], stuck: false, silent: false, notKept },
    { handed: { mailIds: [], notes: run.notes }, nowMs: 0, budgetMailId: 'm' },
  );

test('an agent is told once of each file that is ignored, and again when it comes back', () => {
  const first = sealed(START, { ignored: ['a.log'] });
  expect(first.notes).toMatchInlineSnapshot(`
[
  "a.log is ignored by .gitignore, so no commit will hold it. What belongs to the work must lie where it is not ignored.",
]
`);
  const second = sealed(first, { ignored: ['a.log', 'b.log'] });
  expect(second.notes).toEqual([expect.stringMatching(/^b\.log is ignored/)]);
  const gone = sealed(second, {});
  expect(gone.notes).toEqual([]);
  expect(sealed(gone, { ignored: ['a.log'] }).notes).toEqual(first.notes);
});

test('an agent is told that nothing of it is saved while git cannot keep a file', () => {
  const refused = { paths: ['sub/.git'], why: 'a repository inside the tree' };
  const first = sealed(START, { refused });
  expect(first.notes).toMatchInlineSnapshot(`
[
  "As your files are now, git cannot keep sub/.git: a repository inside the tree. Until that is repaired nothing of your work is saved or committed.",
]
`);
  const second = sealed(first, { refused });
  expect(second.notes).toEqual([]);
  expect(sealed(sealed(second, {}), { refused }).notes).toEqual(first.notes);
});
