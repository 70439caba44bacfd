// The driver of landing: the steps from the head of the epic branch to the end of the epic.
import { backoffMs } from '../../domain/epic-timing.js';
import type { EpicOutcome } from '../contract/epic.js';
import type { EnqueueOutcome } from '../contract/merge-queue.js';
import { decisionEntry, noted } from '../support/lifecycle-log.js';
import { withSeen } from '../support/seen.js';
import { type Epic, targetBranch, taskOf } from './epic.state.js';
import type { Landing, Rebase } from './landing.js';
import type { Step } from './next-step.js';
import type { Stage } from './steps.js';
import { landedTasks } from './tasks.js';

type Asked = Extract<Landing, { kind: 'asked' }>;

/** Steps of `perform` that are no landing never come here. */
export async function performLanding(step: Step, stage: Stage): Promise<void> {
  const { ports, change, clock } = stage;
  switch (step.kind) {
    case 'inspectHead':
      return inspectHead(stage);
    case 'openPullRequest': {
      const pr = await ports.openPullRequest(step.headSha);
      return change((now) => ({
        ...now,
        pr: { number: pr.number, url: pr.url },
        landing: now.landing.kind === 'inspected' ? { kind: 'open', headSha: step.headSha } : now.landing,
      }));
    }
    case 'enqueue':
      return enqueue(stage);
    case 'addIntegrationTask': {
      const row = await ports.addIntegrationTask(step.taskId, step.files);
      return change((now) => ({
        ...withQueued(now, { added: true, taskId: row.taskId }),
        tasks: [...now.tasks, taskOf(row, clock.nowMs)],
      }));
    }
    case 'sayResolved':
      return sayResolved(stage);
    case 'sayAuthorHeld': {
      const { entryId, on } = step;
      await ports.tellQueue({ kind: 'authorHeld', entryId, on });
      return change((now) => withQueued(now, { heldTold: on }));
    }
    case 'withdraw':
      return withdraw(step, stage);
    case 'cleanUpCancelled':
      return cleanUpCancelled(stage);
    case 'cleanUpLanded':
      return cleanUpLanded(step.mergeSha, stage);
    case 'finish': {
      const { landed, mergeSha } = step;
      return finish(stage, { kind: 'completed', landed, ...(mergeSha === undefined ? {} : { mergeSha }) });
    }
    case 'finishCancelled':
      return finish(stage, { kind: 'cancelled' });
    default:
      throw new Error(`${step.kind} is no step of landing`);
  }
}

/** Whether the epic branch holds anything that the base does not. */
async function inspectHead({ ports, change, epic }: Stage): Promise<void> {
  const { branch, baseBranch } = epic().constants;
  const [head, base] = await Promise.all([ports.readTip(branch), ports.readTip(baseBranch)]);
  const nothing = head === null || (base !== null && (await ports.isContained(base, head)));
  change((now) => {
    if (now.landing.kind !== 'none') return now;
    return { ...now, landing: nothing ? { kind: 'nothing' } : { kind: 'inspected', headSha: head } };
  });
}

async function enqueue({ ports, change, clock, epic }: Stage): Promise<void> {
  const asked = epic().landing as Asked;
  const headSha = await headNow({ ports, epic }, asked.headSha);
  // The pull request shows the head that is landed; it may have moved since it was opened.
  const pr = await ports.openPullRequest(headSha);
  const outcome = await ports.enqueue({ entryId: asked.entryId, prNumber: pr.number, headSha, by: asked.by });
  change((now) =>
    now.landing.kind === 'asked' && now.landing.entryId === asked.entryId
      ? enqueued({ ...now, pr: { number: pr.number, url: pr.url } }, { ...asked, headSha }, outcome, clock.nowMs)
      : now,
  );
}

async function headNow({ ports, epic }: Pick<Stage, 'ports' | 'epic'>, known: string): Promise<string> {
  return (await ports.readTip(epic().constants.branch)) ?? known;
}

function enqueued(epic: Epic, asked: Asked, outcome: EnqueueOutcome, nowMs: number): Epic {
  const { headSha, entryId } = asked;
  if (outcome.kind === 'accepted') return { ...epic, landing: { kind: 'queued', headSha, entryId } };
  if (outcome.kind === 'exists') {
    // An entry that has ended is not asked for twice: a new one takes its place.
    const isLive = outcome.state !== 'ejected' && outcome.state !== 'withdrawn';
    return isLive
      ? { ...epic, landing: { kind: 'queued', headSha, entryId: outcome.entryId } }
      : ejected(epic, entryId, `an entry of it was ${outcome.state}`);
  }
  if (outcome.code === 'INVALID_ENTRY') return ejected(epic, entryId, outcome.message);
  const retryAtMs = nowMs + backoffMs(epic.timing, 3);
  return { ...epic, landing: { ...asked, refused: outcome.message, retryAtMs } };
}

const ejected = (epic: Epic, entryId: string, reason: string): Epic => ({
  ...epic,
  landing: { kind: 'ejected', entryId, reason, next: 'look at the pull request' },
});

/** The conflict is resolved on the epic branch: pull request and queue learn of the new head. */
async function sayResolved({ ports, change, clock, epic }: Stage): Promise<void> {
  const { landing } = epic();
  if (landing.kind !== 'queued' || !landing.rebase) return;
  const { requestId } = landing.rebase;
  const headSha = await headNow({ ports, epic }, landing.headSha);
  const pr = await ports.openPullRequest(headSha);
  const told = await ports.tellQueue({ kind: 'headPushed', entryId: landing.entryId, headSha });
  change((now) => {
    if (now.landing.kind !== 'queued') return now;
    const { rebase: _, ...queued } = now.landing;
    const next = { ...now, pr: { number: pr.number, url: pr.url }, seen: withSeen(now.seen, requestId) };
    if (told === 'told') return { ...next, landing: { ...queued, headSha } };
    // A queue that is gone has no entry any more.
    return { ...next, landing: { kind: 'asked', headSha, entryId: clock.newId(), by: 'rebase' } };
  });
}

const withQueued = (epic: Epic, change: Partial<Rebase>): Epic =>
  epic.landing.kind === 'queued' && epic.landing.rebase
    ? { ...epic, landing: { ...epic.landing, rebase: { ...epic.landing.rebase, ...change } } }
    : epic;

async function withdraw(step: Extract<Step, { kind: 'withdraw' }>, { ports, change, epic }: Stage): Promise<void> {
  const { entryId, reason } = step;
  const by = epic().cancel?.by ?? `epic/${epic().constants.epicId}`;
  const told = await ports.tellQueue({ kind: 'withdraw', entryId, by, reason });
  change((now) => {
    if (now.landing.kind !== 'queued') return now;
    if (told === 'gone') return ejected(now, entryId, reason);
    return { ...now, landing: { ...now.landing, withdrawing: { reason, sent: true } } };
  });
}

async function cleanUpCancelled({ ports, change, epic }: Stage): Promise<void> {
  const { constants, pr, cancel } = epic();
  if (pr) await ports.closePullRequest(pr.number, cancel?.reason ?? 'the epic was cancelled');
  // Also when it was never seen: an interrupted step may have made it.
  if (constants.mergeTarget === 'epic') await ports.dropBranch();
  change((now) => (now.cancel ? { ...now, cancel: { ...now.cancel, cleaned: true } } : now));
}

async function cleanUpLanded(mergeSha: string, { ports, change, clock }: Stage): Promise<void> {
  const deleted = await ports.deleteMergedBranch(mergeSha);
  change((now) => {
    if (now.landing.kind !== 'landed') return now;
    const looks = deleted ? Number.MAX_SAFE_INTEGER : now.landing.looks + 1;
    return { ...now, landing: { ...now.landing, looks, retryAtMs: clock.nowMs + backoffMs(now.timing, looks) } };
  });
}

async function finish({ ports, change, clock, epic }: Stage, outcome: EpicOutcome): Promise<void> {
  const { constants, landing, branchReady } = epic();
  const emptyBranch = outcome.kind === 'completed' && landing.kind !== 'landed' && constants.mergeTarget === 'epic';
  if (emptyBranch && branchReady) await ports.dropBranch();
  const nothing = outcome.kind === 'completed' && (landing.kind === 'nothing' || outcome.landed === 0);
  change((now) => ({
    ...now,
    ended: outcome,
    log: nothing ? noted(now.log, nothingLanded(now, clock.nowMs)) : now.log,
  }));
}

const nothingLanded = (epic: Epic, atMs: number) =>
  decisionEntry('epic.decision', atMs, {
    kind: 'decision',
    title: 'nothing_landed',
    decision: 'completed without a pull request',
    reasoning:
      landedTasks(epic).length === 0
        ? 'no task has landed anything'
        : `${targetBranch(epic)} adds nothing to ${epic.constants.baseBranch}`,
  });
