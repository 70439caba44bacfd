// What others say to a task while it works.
import type { OwnerForgeEvent } from '../../../workflows/contract/forge-event.js';
import {
  admitted,
  cancelled,
  forged,
  held,
  mailed,
  paused,
  rebaseAsked,
  resumed,
  runSaid,
  whyNotCancel,
  whyNotResume,
} from '../../../workflows/task/controls.js';
import { BY_PAUSE } from '../../../workflows/task/stages.js';
import type { TaskFlow } from '../../../workflows/task/task.state.js';
import { nextTelling, told } from '../../../workflows/task/telling.js';
import { CHECKS, pick, runOutcomes } from './answers.js';

export const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;

/** By the number that `message` takes. */
export const MESSAGES = [
  'mail',
  'pause',
  'resume',
  'hold by the epic',
  'word of the queue',
  'ask for a rebase',
  'word of the run',
  'cancel',
  'end of the run',
] as const;

export function message(task: TaskFlow, kind: number, choice: number, nowMs: number): TaskFlow {
  const entryId = task.entry?.entryId ?? 'none';
  const detail = { evidence: [], failedChecks: CHECKS };
  const events: readonly [OwnerForgeEvent, ...OwnerForgeEvent[]] = [
    { kind: 'entryLanded', entryId, prNumber: 7, mergeSha: 'm' },
    { kind: 'entryEjected', entryId, prNumber: 7, reason: 'CHECKS_FAILED', detail, next: 'n' },
    { kind: 'entryEjected', entryId, prNumber: 7, reason: 'PR_CLOSED', detail, next: 'n' },
    { kind: 'entryWithdrawn', entryId, prNumber: 7, by: 'ada' },
    { kind: 'entryWithdrawn', entryId, prNumber: 7, by: BY_PAUSE },
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
export function tellAll(start: TaskFlow, nowMs: number): TaskFlow {
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
