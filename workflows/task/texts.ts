// Every text that a task shows to people.

import type { VerifyOutcome } from '../checks/verify.js';
import type { RunChanged } from '../contract/epic.js';
import { runWorkflowId } from '../contract/ids.js';
import type { TaskInput } from '../contract/task.js';
import { caveatLine } from '../support/caveat-line.js';
import type { NextRun } from './stages.js';
import type { TaskFlow } from './task.state.js';
import { waitingFor } from './waiting-for.js';

/** Current details of the Web UI, Markdown. The title is repeated: a new history has lost the static summary. */
export function detailsOf(input: TaskInput, task: TaskFlow): string {
  const { facts, stage, run } = task;
  const waits = waitingFor(task);
  return [
    `### ${facts?.title ?? `Task ${input.taskId}`}`,
    `**${task.state}**${stage.kind === 'blocked' ? '' : ` (${stage.kind})`}, attempt ${task.attempts}${facts ? `, agent \`${facts.agentName}\`` : ''}`,
    ...(facts?.caveats ?? []).map(caveatLine),
    ...(waits === undefined ? [] : [`Waiting for ${waits}.`]),
    ...(stage.kind === 'blocked' ? [`Blocked: ${stage.reason}`] : []),
    ...(run ? [`Run \`${runWorkflowId(run.runId)}\` is ${run.state}.`] : []),
    ...(task.headSha ? [`Head \`${task.headSha.slice(0, 12)}\` on \`${facts?.branch}\`.`] : []),
    ...(task.prNumber ? [`Pull request #${task.prNumber} to \`${facts?.targetBranch}\`.`] : []),
  ].join('\n\n');
}

/** What an answer does about commits of others on the task's branch. */
export const TAKE_IN =
  'An answer, or a resume, merges what was pushed into the work of the task, has it checked and queues it again; a cancellation leaves it all.';

/** Of a verification. What passed because nothing was asked of it must not read as tested. */
export const wordOf = (outcome: VerifyOutcome): string =>
  outcome.kind === 'passed' && outcome.evidence.length === 0 ? 'nothing checked' : outcome.kind;

/** Why a task changed, when a run of it spoke. */
export function runWords({ state, outcome }: RunChanged): string {
  if (outcome === undefined) return `run is ${state}`;
  return `run ended: ${outcome.kind}${'reason' in outcome && outcome.reason ? `, ${outcome.reason.slice(0, 300)}` : ''}`;
}

export const runSummary = (title: string, { kind }: NextRun, agentName: string): string =>
  `Run (${kind}): ${title} · ${agentName}`;

export const treeSummary = (at: string | undefined, branch: string): string =>
  `take a tree at ${at === undefined ? branch : at.slice(0, 12)}`;
