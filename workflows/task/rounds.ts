// Pure: what a commit, a verification and a merge mean for the task.

import { MAX_CHECK_ROUNDS, MAX_MARKER_ROUNDS, MAX_VERIFY_TRIES } from '../../domain/rounds.js';
import type { TaskWaits } from '../../domain/task-timing.js';
import { cannotKeep, nothingToCommit } from '../../domain/work-notes.js';
import type { VerifyOutcome } from '../checks/verify.js';
import type { CommitOutcome, ConflictFile } from '../contract/activities/git.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import type { RunContext } from '../contract/activities/store.js';
import { attemptFailed, blocked } from './blocking.js';
import type { NextRun, Stage } from './stages.js';
import type { TaskFlow } from './task.state.js';

type FailedChecks = NonNullable<RunContext['failedChecks']>;

export const runOf = (
  kind: NextRun['kind'],
  task: TaskFlow,
  context: RunContext,
): Stage & { readonly kind: 'run' } => ({
  kind: 'run',
  next: {
    kind,
    context: {
      ...(task.summary === undefined ? {} : { previousSummary: task.summary }),
      ...(task.ignoredFiles === undefined ? {} : { ignoredFiles: task.ignoredFiles }),
      ...context,
    },
    opensAttempt: false,
  },
});

/** A red round: the same agent repairs it on the same tree, three times, then people are asked. */
export function checksRed(task: TaskFlow, failedChecks: FailedChecks): TaskFlow {
  const checkRounds = task.checkRounds + 1;
  const goal = runOf('debug', task, { failedChecks });
  if (checkRounds < MAX_CHECK_ROUNDS) return { ...task, checkRounds, stage: goal };
  const checks = failedChecks.map(({ name }) => name);
  const logRef = failedChecks.find((check) => check.logRef !== undefined)?.logRef;
  const ask: MailTemplate = {
    kind: 'checks_exhausted',
    checks,
    rounds: checkRounds,
    ...(logRef === undefined ? {} : { logRef }),
  };
  return blocked(
    { ...task, checkRounds },
    { reason: `checks still fail after ${checkRounds} rounds: ${checks.join(', ')}`, ask, goal },
  );
}

const VERIFY: Stage = { kind: 'verify', tries: 0, notBeforeMs: 0 };

function withIgnored({ ignoredFiles: _before, ...task }: TaskFlow, outcome: CommitOutcome): TaskFlow {
  const ignoredFiles = 'ignored' in outcome ? outcome.ignored : undefined;
  return ignoredFiles === undefined ? task : { ...task, ignoredFiles };
}

export function afterCommit(before: TaskFlow, outcome: CommitOutcome): TaskFlow {
  const task = withIgnored(before, outcome);
  switch (outcome.kind) {
    case 'committed': {
      const { merging, checkpointSha: _committed, ...rest } = task;
      const onTip = merging?.tip ?? task.onTip ?? task.baseSha;
      return {
        ...rest,
        headSha: outcome.headSha,
        markerRounds: 0,
        lostInRow: 0,
        stage: VERIFY,
        ...(onTip === undefined ? {} : { onTip }),
      };
    }
    case 'no_change':
      return attemptFailed(
        task,
        nothingToCommit(outcome.ignored ?? []),
        runOf(task.headSha === undefined ? 'execution' : 'debug', task, {}),
      );
    case 'refused': {
      const failedTests = outcome.paths.map((path) => `${path}: ${outcome.why}`).slice(0, 50);
      return checksRed(task, [{ name: `commit: ${cannotKeep(outcome)}`, failedTests }]);
    }
    case 'markers':
      return markersLeft(task, outcome.files);
  }
}

function markersLeft(task: TaskFlow, paths: readonly string[]): TaskFlow {
  const markerRounds = task.markerRounds + 1;
  const files = paths.map((path) => ({ path, what: 'still holds conflict markers' }));
  const goal = conflictRun(task, task.merging?.tip ?? '', files);
  if (markerRounds < MAX_MARKER_ROUNDS) return { ...task, markerRounds, stage: goal };
  const ask: MailTemplate = { kind: 'rebase_exhausted', files: paths, rounds: markerRounds };
  return blocked({ ...task, markerRounds }, { reason: `conflicts are not resolved: ${paths.join(', ')}`, ask, goal });
}

const conflictRun = (task: TaskFlow, tip: string, files: readonly ConflictFile[]) =>
  runOf('integration', task, { conflict: { tip, files } });

/** A clean merge is committed as it is; a conflict is the agent's. */
export function afterMerge(
  task: TaskFlow,
  stage: Stage & { readonly kind: 'merge' },
  {
    tip,
    kind,
    files,
  }: { readonly tip: string; readonly kind: 'clean' | 'conflict'; readonly files: readonly ConflictFile[] },
): TaskFlow {
  const { checkpointSha: _older, ...rest } = task;
  const merging = { tip, files, clean: kind === 'clean' };
  if (kind === 'clean') return { ...rest, merging, stage: { kind: 'commit', summary: 'Merge the target branch.' } };
  const run = conflictRun(task, tip, files);
  return { ...rest, merging, stage: { ...run, next: { ...run.next, opensAttempt: stage.opensAttempt } } };
}

/** A new green head is what the answers were for. */
function withoutAnswersInVain(task: TaskFlow): TaskFlow {
  const { answered, ...rest } = task;
  return answered && answered.headSha !== task.headSha ? rest : task;
}

export function afterVerify(
  task: TaskFlow,
  outcome: VerifyOutcome,
  { tries, nowMs, waits }: { readonly tries: number; readonly nowMs: number; readonly waits: TaskWaits },
): TaskFlow {
  switch (outcome.kind) {
    case 'passed':
    // Everything is in the target already: the queue says so, with the commit that holds it.
    case 'empty':
      return { ...withoutAnswersInVain(task), checkRounds: 0, stage: { kind: 'publish' } };
    case 'red':
      return checksRed(task, outcome.checks);
    case 'controlRed': {
      const { checks, candidate } = outcome;
      const untilMs = nowMs + waits.laneRetryMs;
      return { ...task, laneOpen: false, stage: { kind: 'lane', tip: candidate.parent, checks, told: false, untilMs } };
    }
    case 'conflict':
    case 'tipMoved':
    case 'infra': {
      const why = outcome.kind === 'infra' ? outcome.error : 'the target branch did not hold still';
      if (tries + 1 < MAX_VERIFY_TRIES) {
        const backoff = waits.verifyBackoffMs[tries] ?? waits.verifyBackoffMs.at(-1) ?? 0;
        return { ...task, stage: { kind: 'verify', tries: tries + 1, notBeforeMs: nowMs + backoff } };
      }
      const reason = `the checks could not be run: ${why}`;
      return blocked(task, {
        reason,
        ask: { kind: 'run_blocked', reason },
        goal: { kind: 'verify', tries: 0, notBeforeMs: 0 },
      });
    }
  }
}
