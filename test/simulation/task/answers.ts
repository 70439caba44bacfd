// Everything that can come of a step of a task. The first answer of each list is the good way.

import { taskWaits } from '../../../domain/task-timing.js';
import type { VerifyOutcome } from '../../../workflows/checks/verify.js';
import type { CommitOutcome } from '../../../workflows/contract/activities/git.js';
import type { AgentRunOutcome } from '../../../workflows/contract/agent-run.js';
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
import { runClosed } from '../../../workflows/task/controls.js';
import type { Step } from '../../../workflows/task/next-step.js';
import { openedWith } from '../../../workflows/task/opening.js';
import type { Merged, TreeTaken } from '../../../workflows/task/steps.js';
import type { TaskFlow } from '../../../workflows/task/task.state.js';
import { TASK_FACTS } from '../../support/task-facts.js';

export const WAITS = taskWaits('brisk');
const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };
const FAULT = { kind: 'failed', type: 'WorktreeLost', message: 'gone', neverStarted: false } as const;
export const CHECKS = [{ name: 'unit', failedTests: [] }];

/** Everything that can come of something, picked by a number; the first is the good way. */
export const pick = <T>(list: readonly [T, ...T[]], choice: number): T => list[choice % list.length] ?? list[0];

export const runOutcomes = (choice: number): AgentRunOutcome =>
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

export function done(
  task: TaskFlow,
  step: Exclude<Step, { kind: 'wait' }>,
  { choice, nowMs }: { choice: number; nowMs: number },
): TaskFlow {
  const candidate = { parent: 'tip', commit: 'c', tree: 't' };
  switch (step.kind) {
    case 'open':
      return openedWith(task, TASK_FACTS);
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
