// Pure: what the end of a run means for its task.
import { MAX_LOSSES } from '../../domain/attempts.js';
import type { AgentRunOutcome } from '../contract/agent-run.js';
import { attemptFailed, blocked, told } from './blocking.js';
import type { NextRun, Stage } from './stages.js';
import type { TaskFlow } from './task.state.js';

const runAgain = (next: NextRun): Stage & { readonly kind: 'run' } => ({
  kind: 'run',
  next: { ...next, opensAttempt: false },
});

const toldAndAgain = (next: NextRun, reason: string): Stage & { readonly kind: 'run' } => runAgain(told(next, reason));

/** Mail that its run never took up waits for the next one. */
const withoutRun = (task: TaskFlow): TaskFlow => {
  const { run, ...rest } = task;
  return {
    ...rest,
    ...(run ? { lastRunId: run.runId } : {}),
    inbox: [...task.inbox, ...task.forRun.map(({ mailId }) => mailId)],
    forRun: [],
  };
};

export function afterRun(before: TaskFlow, outcome: AgentRunOutcome): TaskFlow {
  const { run } = before;
  if (!run) return before;
  const { host, checkpointSha, unread = [] } = outcome;
  const without = withoutRun(before);
  const task: TaskFlow = {
    ...without,
    host,
    inbox: [...without.inbox, ...unread],
    ...(checkpointSha === undefined ? {} : { checkpointSha }),
  };
  const { next } = run;
  if (task.cancel || task.landed) return { ...task, stage: runAgain(next) };
  switch (outcome.kind) {
    case 'completed':
      return { ...task, lostInRow: 0, summary: outcome.summary, stage: { kind: 'commit', summary: outcome.summary } };
    case 'blocked': {
      const ask = { kind: 'run_blocked', reason: outcome.reason } as const;
      return blocked(task, { reason: outcome.reason, ask, anyMail: true, goal: runAgain(next) });
    }
    case 'failed': {
      if (outcome.agentFault) return attemptFailed(task, outcome.reason, runAgain(next));
      const ask = { kind: 'run_blocked', reason: outcome.reason } as const;
      const needsPerson = outcome.needsPerson ?? false;
      return blocked(task, {
        reason: outcome.reason,
        ask,
        needsPerson,
        goal: toldAndAgain(next, outcome.reason),
      });
    }
    case 'timeout':
      return attemptFailed(task, outcome.reason ?? 'the run reached its deadline', runAgain(next));
    case 'stopped':
      return stoppedBy(task, outcome.by, next);
    case 'cancelled':
      return stoppedBy(task, 'Temporal', next);
    case 'lost':
      return lost(task, outcome.reason, next);
    case 'ended':
      return lost(task, `its row says ${outcome.state} already`, next);
  }
}

function stoppedBy(task: TaskFlow, by: string, next: NextRun): TaskFlow {
  const ask = { kind: 'run_stopped', by } as const;
  // Whom a person stopped, no agent sets going again.
  return blocked(task, {
    reason: `the run was stopped by ${by}; resume the task to go on, or cancel it`,
    ask,
    needsPerson: true,
    goal: toldAndAgain(next, `it was stopped by ${by}`),
  });
}

function lost(task: TaskFlow, reason: string, next: NextRun): TaskFlow {
  const { host: _gone, ...rest } = task;
  return afterLoss(rest, reason, stageAfterLoss(rest, told(next, reason)));
}

/** A merge that only the lost tree held is made anew; a checkpoint keeps what was resolved of it. */
const stageAfterLoss = ({ merging, checkpointSha }: TaskFlow, next: NextRun): Stage =>
  merging && checkpointSha === undefined ? { kind: 'merge', tip: merging.tip, opensAttempt: false } : runAgain(next);

/** Losing a tree is nobody's fault and counts as no attempt; many in a row need a person. */
export function afterLoss(task: TaskFlow, reason: string, goal: Stage): TaskFlow {
  const { host: _gone, ...rest } = task;
  const lostInRow = task.lostInRow + 1;
  if (lostInRow < MAX_LOSSES || goal.kind === 'blocked') return { ...rest, lostInRow, stage: goal };
  const why = `the working tree was lost ${lostInRow} times in a row: ${reason}`;
  return blocked({ ...rest, lostInRow: 0 }, { reason: why, ask: { kind: 'run_blocked', reason: why }, goal });
}
