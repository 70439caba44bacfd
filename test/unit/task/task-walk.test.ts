import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canBecome, TASK_MACHINE, type TaskState } from '../../../domain/states.js';
import { taskWaits } from '../../../domain/task-timing.js';
import type { VerifyOutcome } from '../../../workflows/checks/verify.js';
import type { CommitOutcome } from '../../../workflows/contract/activities/git.js';
import type { TaskFacts } from '../../../workflows/contract/activities/store.js';
import type { AgentRunOutcome } from '../../../workflows/contract/agent-run.js';
import type { OwnerForgeEvent } from '../../../workflows/contract/forge-event.js';
import type { EnqueueOutcome } from '../../../workflows/contract/merge-queue.js';
import {
  afterBaseRedTold,
  afterCommitted,
  afterEnqueued,
  afterHeadPushed,
  afterMerged,
  afterPublished,
  afterStart,
  afterStopTold,
  afterTree,
  afterVerified,
  afterWithdrawTold,
  askingAgain,
  enqueueing,
  failed,
  finished,
  mailNamed,
  mailSent,
} from '../../../workflows/task/after-step.js';
import {
  admitted,
  cancelled,
  forged,
  held,
  mailed,
  paused,
  rebaseAsked,
  resumed,
  runClosed,
  runSaid,
  whyNotCancel,
  whyNotResume,
} from '../../../workflows/task/controls.js';
import { nextStep, type Step, settle } from '../../../workflows/task/next-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import type { Merged, TreeTaken } from '../../../workflows/task/steps.js';
import { become, restore, shownOf, type TaskFlow } from '../../../workflows/task/task.state.js';
import { nextTelling, told } from '../../../workflows/task/telling.js';

const FACTS: TaskFacts = {
  taskId: 'task-1',
  projectId: 'project-1',
  projectName: 'sample',
  title: 'A task',
  kind: 'execution',
  state: 'PENDING',
  pausedBy: [],
  revision: 0,
  priority: 3,
  attempts: 1,
  agentName: 'worker',
  agentId: 'agent-1',
  branch: 'b',
  targetBranch: 'main',
  createdBy: 'ada',
};
const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;
const WAITS = taskWaits('brisk');
const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };
const FAULT = { kind: 'failed', type: 'WorktreeLost', message: 'gone', neverStarted: false } as const;
const CHECKS = [{ name: 'unit', failedTests: [] }];

/** Everything that can come of something, picked by a number; the first is the good way. */
const pick = <T>(list: readonly [T, ...T[]], choice: number): T => list[choice % list.length] ?? list[0];

const runOutcomes = (choice: number): AgentRunOutcome =>
  pick<AgentRunOutcome>(
    [
      { kind: 'completed', summary: 's', host: HOST, checkpointSha: 'c' },
      { kind: 'completed', summary: 's', host: HOST },
      { kind: 'blocked', reason: 'r', host: HOST },
      { kind: 'failed', reason: 'r', agentFault: true, host: HOST },
      { kind: 'failed', reason: 'r', agentFault: false, host: HOST },
      { kind: 'timeout', host: HOST },
      { kind: 'stopped', by: 'ada', host: HOST },
      { kind: 'lost', reason: 'r', host: HOST },
      { kind: 'cancelled', host: HOST },
    ],
    choice,
  );

const commits = (task: TaskFlow, choice: number): CommitOutcome =>
  pick<CommitOutcome>(
    [
      { kind: 'committed', headSha: `${task.headSha ?? 'h'}+`, treeSha: 't', files: [] },
      { kind: 'no_change' },
      { kind: 'refused', paths: ['a'], why: 'w' },
      { kind: 'markers', files: ['a'] },
    ],
    choice,
  );

function done(
  task: TaskFlow,
  step: Exclude<Step, { kind: 'wait' }>,
  { choice, nowMs }: { choice: number; nowMs: number },
): TaskFlow {
  const candidate = { parent: 'tip', commit: 'c', tree: 't' };
  switch (step.kind) {
    case 'open':
      return openedWith(task, FACTS);
    case 'askAgain':
      return askingAgain(task);
    case 'takeTree':
      return afterTree(
        task,
        pick<TreeTaken>(
          [
            { kind: 'tree', host: HOST, baseSha: 'tip', isFresh: !task.baseSha },
            { kind: 'failed', fault: FAULT },
            { kind: 'noHost', fault: FAULT },
          ],
          choice,
        ),
      );
    case 'startRun':
      return afterStart(task, { runId: `run-${nowMs}`, next: step.stage.next, nowMs });
    case 'askAfterRun':
      return runClosed(task, step.runId);
    case 'merge':
      return afterMerged(
        task,
        step.stage,
        pick<Merged>(
          [
            { kind: 'merged', result: 'clean', tip: 'tip-2', files: [] },
            { kind: 'merged', result: 'conflict', tip: 'tip-2', files: [{ path: 'a', what: 'w' }] },
            { kind: 'failed', fault: FAULT },
          ],
          choice,
        ),
      );
    case 'commit':
      return afterCommitted(
        task,
        choice % 5 === 4 ? { kind: 'failed', fault: FAULT } : { kind: 'commit', outcome: commits(task, choice) },
      );
    case 'verify': {
      const outcome = pick<VerifyOutcome>(
        [
          { kind: 'passed', candidate, evidence: [], flakyTests: [], machineMs: 0 },
          { kind: 'red', cause: 'red', candidate, checks: CHECKS, evidence: [], machineMs: 0 },
          { kind: 'controlRed', candidate, checks: CHECKS, machineMs: 0 },
          { kind: 'infra', error: 'e', machineMs: 0 },
        ],
        choice,
      );
      return afterVerified(task, { kind: 'verified', outcome, tries: step.tries }, { nowMs, waits: WAITS });
    }
    case 'tellBaseRed':
      return afterBaseRedTold(task);
    case 'publish':
      return afterPublished(
        task,
        pick(
          [
            { kind: 'published', pullRequest: { number: 7, url: null } },
            { kind: 'failed', fault: FAULT },
          ],
          choice,
        ),
        nowMs,
      );
    case 'tellHeadPushed':
      return afterHeadPushed(task, pick(['told', 'gone'], choice));
    case 'enqueue': {
      const entryId = `entry-${nowMs}`;
      const outcome = pick<EnqueueOutcome>(
        [
          { kind: 'accepted', entryId, seq: 1 },
          { kind: 'refused', code: 'QUEUE_FULL', message: 'm' },
          { kind: 'refused', code: 'INVALID_ENTRY', message: 'm' },
        ],
        choice,
      );
      return afterEnqueued(enqueueing(task, entryId), { kind: 'enqueued', outcome }, { nowMs, waits: WAITS });
    }
    case 'sendMail':
      return mailSent(mailNamed(task, `mail-${nowMs}`), `mail-${nowMs}`);
    case 'stopRun':
      return afterStopTold(task);
    case 'withdraw':
      return afterWithdrawTold(task, pick(['told', 'gone'], choice), nowMs);
    case 'fail':
      return failed(task, step.reason);
    case 'finish':
      return finished(task);
  }
}

function message(task: TaskFlow, kind: number, choice: number, nowMs: number): TaskFlow {
  const entryId = task.entry?.entryId ?? 'none';
  const detail = { evidence: [], failedChecks: CHECKS };
  const events: readonly [OwnerForgeEvent, ...OwnerForgeEvent[]] = [
    { kind: 'entryLanded', entryId, prNumber: 7, mergeSha: 'm' },
    { kind: 'entryEjected', entryId, prNumber: 7, reason: 'CHECKS_FAILED', detail, next: 'n' },
    { kind: 'entryEjected', entryId, prNumber: 7, reason: 'PR_CLOSED', detail, next: 'n' },
    { kind: 'entryWithdrawn', entryId, prNumber: 7, by: 'ada' },
    { kind: 'laneChanged', queueId: 'q', mode: 'open', reason: 'r' },
  ];
  const runId = task.run?.runId ?? 'none';
  switch (kind) {
    case 0:
      return mailed(task, {
        mailId: `m-${nowMs}`,
        ...(task.stage.kind === 'blocked' && task.stage.mail ? { answers: task.stage.mail.mailId } : {}),
      });
    case 1:
      return paused(task);
    case 2:
      return whyNotResume(task, { by: 'ada' }) ? task : resumed(task, { by: 'ada' });
    case 3:
      return held(task, { by: 'parent', on: choice % 2 === 1 });
    case 4:
      return forged(task, pick(events, choice));
    case 5:
      return rebaseAsked(task, {
        requestId: 'r',
        entryId,
        prNumber: 7,
        tip: `tip-${choice}`,
        headSha: task.headSha ?? '',
        files: [],
        landed: [],
        round: 1,
        maxRounds: 3,
        dueAt: '',
      });
    case 6:
      return runSaid(task, { runId, state: pick(['running', 'waiting', 'paused'], choice) }, nowMs);
    case 7:
      return choice === 37 && !whyNotCancel(task, { by: 'ada' }) ? cancelled(task, { by: 'ada' }) : task;
    default:
      return runSaid(task, { runId, state: 'completed', outcome: runOutcomes(choice) }, nowMs);
  }
}

/** Says everything there is to say; whoever gives slots answers each ask. */
function tellAll(start: TaskFlow, nowMs: number): TaskFlow {
  let task = start;
  for (let count = 0; ; count += 1) {
    if (count > 20) throw new Error('it never stops talking');
    const telling = nextTelling(task, INPUT);
    if (!telling) return task;
    task = told(task, telling, nowMs);
    if (telling.kind === 'mail') task = { ...task, forRun: task.forRun.slice(1) };
    if (telling.kind === 'owner' && telling.changed.wantsSlot) task = admitted(task, { slots: 1 });
  }
}

// Mostly the good way, and rarely a cancellation: else no walk would get far.
const move = fc.record({
  kind: fc.oneof({ weight: 2, arbitrary: fc.nat(8) }, { weight: 3, arbitrary: fc.constant(9) }),
  choice: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(40) }),
});

test('whatever happens, a task takes only steps of its table and never stands still without saying why', () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 40, maxLength: 160, size: 'max' }), (script) => {
      let nowMs = 1000;
      let task = restore(INPUT);
      const change = (next: TaskFlow): void => {
        task = become(task, next, { nowMs, reason: 'test' });
      };
      for (const { kind, choice } of script) {
        nowMs += 100;
        if (kind < 9) change(message(task, kind, choice, nowMs));
        change(settle(task, nowMs));
        const step = nextStep(task, nowMs, WAITS);
        if (step.kind !== 'wait' && kind >= 9) change(done(task, step, { choice, nowMs }));
        change(tellAll(task, nowMs));
        if (task.stage.kind === 'end') break;
        const idle = nextStep(settle(task, nowMs), nowMs, WAITS);
        const isQuiet = idle.kind === 'wait' && idle.untilMs === undefined;
        if (isQuiet) expect(shownOf(task).waitingFor).toEqual(expect.any(String));
      }
      let at: TaskState = 'PENDING';
      for (const { type, data } of task.log.pending) {
        if (type !== 'task.state') continue;
        const to = String(data?.to) as TaskState;
        expect([at, to, canBecome(TASK_MACHINE, at, to)]).toEqual([at, to, true]);
        at = to;
      }
      expect(at).toBe(task.state);
    }),
    { numRuns: 600 },
  );
});
