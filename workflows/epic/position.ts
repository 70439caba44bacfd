// Where an epic stands, told from its facts: state and phase, and in plain words what it waits for. Pure.

import { type EpicPhase, type EpicState, isTaskClosed } from '../../domain/states.js';
import { forgeWaitWords } from '../../domain/waiting-words.js';
import { holdWords } from '../support/holds.js';
import { type Epic, type EpicRun, needsApproval, type Stuck, targetBranch } from './epic.state.js';
import { isShown, isTrouble } from './stuck.js';
import { failedTasks, tasksClosed } from './tasks.js';

export interface Position {
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly blockedReason?: string;
  readonly waitingFor?: string;
}

export function positionOf(epic: Epic): Position {
  const { ended } = epic;
  if (ended) return { state: ended.kind === 'completed' ? 'COMPLETED' : 'CANCELLED', phase: epic.phase };
  if (epic.cancel) return { state: epic.state, phase: epic.phase, waitingFor: 'its runs and tasks to end' };
  const position = workingPosition(epic);
  return epic.pausedBy.length > 0 ? { ...position, waitingFor: holdWords(epic.pausedBy) } : position;
}

function workingPosition(epic: Epic): Position {
  const position = epic.plan.applied === undefined ? planningPosition(epic) : executingPosition(epic);
  const stuck = epic.stuck.find(isTrouble) ?? epic.stuck.find(isShown);
  return stuck ? { ...position, ...stuckAt(stuck) } : position;
}

function stuckAt(stuck: Stuck): Partial<Position> {
  if (stuck.isLimit) return { waitingFor: forgeWaitWords({ untilMs: stuck.untilMs ?? 0 }) };
  return {
    state: 'BLOCKED',
    blockedReason: stuck.reason,
    waitingFor:
      stuck.untilMs === undefined
        ? `a person to mend this and resume the epic: ${stuck.reason}`
        : `another try (a person may resume it at once): ${stuck.reason}`,
  };
}

function planningPosition(epic: Epic): Position {
  const { plan, constants, run } = epic;
  if (plan.failed !== undefined)
    return {
      state: 'BLOCKED',
      phase: 'planning',
      blockedReason: `no plan: ${plan.failed}`,
      waitingFor: `${constants.createdBy} to give a plan, or to resume the epic for another try`,
    };
  const planning = { state: 'PLANNING', phase: 'planning' } as const;
  if (needsApproval(epic))
    return {
      state: 'PLANNING',
      phase: 'awaiting_approval',
      waitingFor: `${constants.createdBy} to approve version ${plan.version} of the plan`,
    };
  if (plan.version === undefined && constants.planner === 'given')
    return { ...planning, waitingFor: `${constants.createdBy} to give the plan` };
  if (epic.slots === 0 && !run) return { ...planning, waitingFor: 'a free place in the factory' };
  if (plan.version !== undefined) return planning;
  return {
    ...planning,
    waitingFor: plannerWords(run, constants.supervisorAgent),
  };
}

function plannerWords(run: EpicRun | undefined, agent: string): string {
  if (run?.state === 'waiting') return 'the answer to its planner’s question';
  return run?.waitingFor === undefined
    ? `its planner ${agent}`
    : `its planner ${agent}, which waits for ${run.waitingFor}`;
}

function executingPosition(epic: Epic): Position {
  const lands = epic.landing.kind === 'asked' || epic.landing.kind === 'queued';
  const working = { state: 'IN_PROGRESS', phase: lands ? 'integrating' : 'executing' } as const;
  if (!tasksClosed(epic)) return { ...working, waitingFor: tasksWords(epic) };
  const failed = failedTasks(epic);
  if (failed.length === 0) return landingPosition(epic);
  const titles = failed.map(({ title }) => `“${title}”`).join(', ');
  return {
    ...working,
    state: 'BLOCKED',
    blockedReason: `${failed.length === 1 ? 'a task' : `${failed.length} tasks`} failed: ${titles}`,
    waitingFor: `${epic.constants.createdBy} to retry or cancel ${titles}`,
  };
}

function tasksWords(epic: Epic): string {
  const blocked = epic.tasks.filter(({ state }) => state === 'BLOCKED');
  if (blocked.length > 0)
    return blocked
      .map(({ title, reason }) => `somebody to unblock “${title}”${reason ? ` (${reason})` : ''}`)
      .join('; ');
  const held = epic.tasks.filter(({ state, reason }) => !isTaskClosed(state) && reason);
  if (held.length > 0)
    return `its tasks; ${held.map(({ title, reason }) => `“${title}” waits for ${reason}`).join('; ')}`;
  const open = epic.tasks.some((task) => task.open && !isTaskClosed(task.state));
  if (!open && epic.slots === 0) return 'a free worker of the factory';
  const lane = epic.lanes[targetBranch(epic)];
  return lane ? `its tasks; the merge queue of ${targetBranch(epic)} is ${lane}` : 'its tasks';
}

function landingPosition(epic: Epic): Position {
  const { landing, pr, constants } = epic;
  const integrating = { state: 'IN_PROGRESS', phase: 'integrating' } as const;
  const lane = epic.lanes[constants.baseBranch];
  switch (landing.kind) {
    case 'none':
    case 'inspected':
    case 'nothing':
      return integrating;
    case 'open':
      return {
        state: 'IN_PROGRESS',
        phase: 'awaiting_merge',
        waitingFor: `${constants.createdBy} to land pull request #${pr?.number}`,
      };
    case 'asked':
      return landing.refused
        ? { ...integrating, waitingFor: `room in the merge queue: ${landing.refused}` }
        : integrating;
    case 'queued':
      return {
        ...integrating,
        waitingFor: `the merge queue of ${constants.baseBranch}${lane ? `, which is ${lane}` : ''}`,
      };
    case 'ejected':
      return {
        state: 'BLOCKED',
        phase: 'awaiting_merge',
        blockedReason: `pull request #${pr?.number} left the merge queue: ${landing.reason}`,
        waitingFor: `${constants.createdBy} to mend it (${landing.next}) and to land it again`,
      };
    case 'landed':
      return { ...integrating, waitingFor: 'the merge commit to be seen on the remote' };
  }
}
