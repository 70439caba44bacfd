import { chaosCase, type Guard, testIn } from './guard.js';

const RELAY = 'workers/duties/relay.ts';
const RECONCILE = 'workers/duties/reconcile.ts';

const MESSAGE_GUARDS: readonly Guard[] = [
  {
    name: 'outbox-send-before-mark',
    about: 'a row counts as sent only when it was sent',
    edits: [
      {
        file: RELAY,
        cut: '      await markSent(deps.db, row.id, await send(deps, row));\n',
        put: "      await markSent(deps.db, row.id, 'sent');\n      await send(deps, row);\n",
      },
    ],
    proofs: [testIn('workers/relay', 'a row that could not be sent is sent later')],
  },
  {
    name: 'start-once',
    about: 'a workflow that has ended is not started again by a message that comes twice',
    edits: [{ file: RELAY, cut: "'REJECT_DUPLICATE'", put: "'ALLOW_DUPLICATE'" }],
    proofs: [testIn('workers/relay', 'an ended workflow is not started again by a repeated row')],
  },
  {
    name: 'outbox-order',
    about: 'a message waits for the earlier ones of its workflow',
    edits: [
      {
        file: 'workers/duties/outbox.repository.ts',
        cut: 'AND NOT EXISTS (SELECT 1 FROM outbox e',
        put: 'AND true OR NOT EXISTS (SELECT 1 FROM outbox e',
      },
    ],
    proofs: [testIn('workers/relay', 'a signal waits behind the start of its own workflow, not behind others')],
  },
  {
    name: 'retry-asked-for',
    about: 'an old request to try again starts nothing',
    edits: [{ file: RELAY, cut: "    return 'superseded';\n" }],
    proofs: [testIn('workers/relay', 'a retry of a lone task is sent only while its row still asks for that attempt')],
  },
  {
    name: 'outbox-poll',
    about: 'a wake-up that was lost with a restart delays a message by a second and no more',
    edits: [{ file: 'workers/duties/duties.ts', cut: 'const POLL_MS = 1_000;', put: 'const POLL_MS = 3_600_000;' }],
    proofs: [testIn('workers/duties', 'a message whose wake-up was lost is sent all the same')],
  },
  {
    name: 'entry-admitted-once',
    about: 'one request for a landing is one entry of the queue',
    edits: [
      {
        file: 'domain/merge/admit.ts',
        cut: '  return known ? { entryId: known.id, state: known.state } : undefined;',
        put: "  return known?.id === '' ? { entryId: known.id, state: known.state } : undefined;",
      },
    ],
    proofs: [testIn('workflows/merge-queue-crashes', 'the same admission twice is one entry, also after it has ended')],
  },
  {
    name: 'mail-seen',
    about: 'a mail that is told twice is read once',
    edits: [
      {
        file: 'workflows/epic/controls.ts',
        cut: '  epic.seen.includes(mail.mailId)\n',
        put: "  epic.seen.includes('')\n",
      },
      { file: 'workflows/task/controls.ts', cut: '  if (task.seen.includes(mail.mailId)) return task;\n' },
      { file: 'workflows/agent-run/controls.ts', cut: '  if (run.seen.includes(mailId)) return run;\n' },
    ],
    proofs: [
      testIn(
        'unit/epic/epic-messages',
        'a mail that is told to an epic twice is read once, also while its run has it and in a later history',
      ),
      testIn(
        'unit/task/task-messages',
        'a mail that is told to a task twice is handed on once, to a live run and to the next one, and in a later history',
      ),
      testIn(
        'unit/agent-run/run-messages',
        'a mail that is told to a run twice is handed over once, and lifts its budget once, also in a later history',
      ),
    ],
  },
  {
    name: 'stale-approval',
    about: 'only the plan that a person has seen is approved',
    edits: [
      {
        file: 'workflows/epic/controls.ts',
        cut: '  if (cmd.planVersion === epic.plan.version) return undefined;\n',
        put: '  if (cmd.planVersion !== undefined) return undefined;\n',
      },
    ],
    proofs: [
      testIn('workflows/epic', 'a plan waits for approval, and only the version that waits can be approved'),
      chaosCase('38-approve-twice'),
    ],
  },
];

const RECOVERY_GUARDS: readonly Guard[] = [
  {
    name: 'reconciler',
    about: 'open work that the engine has lost is started again',
    edits: [
      {
        file: RECONCILE,
        cut: '    await restart(deps, row);\n    restored++;\n',
        put: '    if (row.id === workflowId) await restart(deps, row);\n',
      },
    ],
    proofs: [
      testIn(
        'workers/duties',
        'whoever takes the duties starts the factory and whatever open work the engine does not know',
      ),
      testIn('workers/relay', 'open work that the engine does not know is started again, once'),
    ],
  },
  {
    name: 'outdated-store',
    about: 'a store of an earlier moment is not worked on',
    edits: [
      {
        file: 'workers/duties/engine-mark.ts',
        cut: 'return found === undefined || found.events < mark.events;',
        put: 'return false && found === undefined;',
      },
    ],
    proofs: [
      testIn(
        'workers/outdated-engine',
        'where a copy of an earlier moment was put back, its workflows are ended, once',
      ),
      chaosCase('15-temporal-store-outdated', 1),
    ],
  },
  {
    name: 'lost-landings',
    about: 'what a branch tells of landings is read before work is started again',
    edits: [
      {
        file: 'workers/duties/lost-landings.ts',
        cut: '      if (tip === undefined) continue;',
        put: "      if (tip === undefined || tip !== '') continue;",
      },
    ],
    proofs: [
      testIn('workers/lost-landings', 'a landing that no entry tells of is written again, once, and the task finds it'),
      chaosCase('15-rows-of-an-hour-ago', 1),
    ],
  },
  {
    name: 'outlived-workflows',
    about: 'no workflow works on what the rows show as over',
    edits: [{ file: 'workers/duties/outlived.ts', cut: '!(isLive.get(id) ??', put: '!(true ||' }],
    proofs: [
      testIn(
        'workers/outlived',
        'workflows of work that the rows show as over, or do not know, are ended; all others go on',
      ),
    ],
  },
  {
    name: 'requeue',
    about: 'a queue that the engine has lost comes back with its entries and its hold',
    edits: [
      {
        file: 'workers/duties/requeue.ts',
        cut: '    for (const entry of await listEntries(deps.writes, queue)) await admitAgain(deps, queue, entry);\n',
        put: '    for (const entry of [] as EnqueueInput[]) await admitAgain(deps, queue, entry);\n',
      },
    ],
    proofs: [
      testIn(
        'workers/requeue',
        'a queue that the engine lost comes back held as it was, its live entries in their old order, once',
      ),
    ],
  },
  {
    name: 'ended-work-stays-ended',
    about: 'a workflow that is started for work that has ended returns at once',
    edits: [
      {
        file: 'activities/store/store.activities.ts',
        cut: "    if (isOver || facts.attempts > attempt) return { kind: 'ended', state: facts.state };\n",
        put: "    if (isOver && attempt < 0) return { kind: 'ended', state: facts.state };\n",
      },
    ],
    proofs: [testIn('activities/store/lifecycle', 'a task whose row is over, or at a later attempt, answers ended')],
  },
  {
    name: 'janitor-of-trees',
    about: 'a tree whose maker died half-way goes',
    edits: [
      {
        file: 'infra/git/janitor.ts',
        cut: '  for (const tree of await store.listTransit()) {\n',
        put: '  for (const tree of (await store.listTransit()).slice(0, 0)) {\n',
      },
    ],
    proofs: [
      testIn('infra/git-janitor', 'half-made and half-cleaned trees of dead processes go, those of living ones stay'),
      testIn(
        'activities/git-trees',
        'what a killed process left half-made goes at the start of the next one, trees in use stay',
      ),
    ],
  },
  {
    name: 'janitor-of-branches',
    about: 'a branch goes when its work has ended, and not before',
    edits: [
      {
        file: 'activities/git/clean-repository.ts',
        cut: "  if (state !== 'COMPLETED') return false;\n",
        put: "  if (state !== 'COMPLETED') return true;\n",
      },
    ],
    proofs: [
      testIn(
        'activities/git-repository',
        'cleaning removes branches and checkpoints of ended work and locks of dead gits, and keeps the rest',
      ),
    ],
  },
  {
    name: 'probe',
    about: 'a server that lives and does not answer is replaced',
    edits: [{ file: 'infra/embedded/watch.ts', cut: '      if (failures >= FAILURES) process.restart();\n' }],
    proofs: [testIn('infra/embedded-stack', 'a Temporal server that lives and does not answer is replaced')],
  },
];

/** Messages, histories and duties: what brings work back after a loss, and keeps it from coming twice. */
export const ENGINE_GUARDS: readonly Guard[] = [...MESSAGE_GUARDS, ...RECOVERY_GUARDS];
