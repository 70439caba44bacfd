/** The comment that shows how the epic of an issue stands. */
import { foreignLine } from '../../../domain/forge/comment-text.js';
import type { EpicPhase, EpicState, TaskState } from '../../../domain/states.js';

export interface ProgressTask {
  readonly title: string;
  readonly state: TaskState;
  readonly prNumber: number | null;
  readonly waitingFor: string | null;
  readonly reason: string | null;
}

export interface Progress {
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly pausedBy: readonly string[];
  readonly waitingFor: string | null;
  readonly blockedReason: string | null;
  readonly askedBy: string;
  /** What nobody has approved: the fingerprint of the text as it reads now. */
  readonly voidText: string | null;
  readonly planVersion: number | null;
  readonly prNumber: number | null;
  readonly costMicroUsd: number;
  readonly budgetMicroUsd: number;
  readonly tasks: readonly ProgressTask[];
  readonly landed: readonly { readonly prNumber: number; readonly sha: string }[];
  /** Why it was cancelled, and by whom. */
  readonly ending: { readonly by: string; readonly reason: string } | null;
}

const PHASES: Readonly<Record<EpicPhase, string>> = {
  planning: 'is being planned',
  awaiting_approval: 'has a plan that waits for approval',
  executing: 'is being worked on',
  integrating: 'is being put together',
  awaiting_merge: 'is ready to land',
};

const TASKS: Readonly<Record<TaskState, string>> = {
  PENDING: 'waits for its turn',
  ASSIGNED: 'has a worker',
  IN_PROGRESS: 'is worked on',
  REVIEW: 'is checked and queued',
  BLOCKED: 'is blocked',
  COMPLETED: 'has landed',
  FAILED: 'has failed',
  SKIPPED: 'is skipped',
  CANCELLED: 'is cancelled',
};

const dollars = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(2)}`;

export function progressComment(progress: Progress): string {
  const { costMicroUsd, budgetMicroUsd, tasks } = progress;
  const parts = [
    `### Millwright: this issue ${standing(progress)}`,
    ...notes(progress),
    tasks.length === 0 ? '' : tasks.map(taskLine).join('\n'),
    ...ending(progress),
    `Cost: ${dollars(costMicroUsd)} of ${dollars(budgetMicroUsd)}. Asked for by ${foreignLine(progress.askedBy, 60)}.`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function standing({ state, phase, pausedBy }: Progress): string {
  if (state === 'COMPLETED') return 'is done';
  if (state === 'CANCELLED') return 'was cancelled';
  if (pausedBy.length > 0) return `${PHASES[phase]}, and is paused`;
  return state === 'BLOCKED' ? `${PHASES[phase]}, and is blocked` : PHASES[phase];
}

/** What it waits for, and what a person can do about it. */
function notes(progress: Progress): readonly string[] {
  const { state, phase, pausedBy, waitingFor, blockedReason, voidText } = progress;
  if (state === 'COMPLETED' || state === 'CANCELLED') return [];
  const command = (verb: string): string => `\`/millwright ${verb}\``;
  return [
    voidText === null
      ? ''
      : `**The text of this issue is not the one that was approved**, so the epic is held. Read it, then say ${command(`approve ${voidText}`)}.`,
    blockedReason === null ? '' : `Blocked: ${foreignLine(blockedReason, 500)}`,
    waitingFor === null ? '' : `It waits for: ${foreignLine(waitingFor, 500)}`,
    voidText === null && pausedBy.includes('person') ? `Somebody paused it; ${command('resume')} lets it go on.` : '',
    phase === 'awaiting_approval' ? `${command('plan')} shows the plan, ${command('approve')} approves it.` : '',
    phase === 'awaiting_merge' ? `${command('land')} lands it.` : '',
  ];
}

function taskLine({ title, state, prNumber, waitingFor, reason }: ProgressTask): string {
  const mark = state === 'COMPLETED' ? 'x' : ' ';
  const link = prNumber === null ? '' : ` (#${prNumber})`;
  const why = state === 'COMPLETED' ? '' : (reason ?? waitingFor ?? '');
  return `- [${mark}] ${foreignLine(title)}: ${TASKS[state]}${link}${why === '' ? '' : `: ${foreignLine(why, 300)}`}`;
}

function ending({ state, prNumber, landed, ending: ended }: Progress): readonly string[] {
  if (state === 'CANCELLED')
    return [
      ended === null
        ? 'It was cancelled. The issue stays open.'
        : `Cancelled by ${foreignLine(ended.by, 60)}${ended.reason === '' ? '' : `: ${foreignLine(ended.reason, 500)}`}. The issue stays as it is.`,
    ];
  if (state !== 'COMPLETED') return prNumber === null ? [] : [`Its pull request is #${prNumber}.`];
  if (landed.length === 0) return ['Nothing had to be changed: nothing landed.'];
  return [`Landed:\n${landed.map(({ prNumber: number, sha }) => `- #${number} as ${sha}`).join('\n')}`];
}
