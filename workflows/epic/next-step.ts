// What the epic does next, one step at a time. Pure: the order of these rules is the order of its work.
import { allocateSlots, slotsInUse, slotsWanted } from '../../domain/scheduling.js';
import type { EpicPatch } from '../contract/activities/store.js';
import { runWorkflowId, taskWorkflowId } from '../contract/ids.js';
import type { LifecycleEntry } from '../contract/lifecycle.js';
import { changedKeys } from '../support/changed-keys.js';
import { cancelStep } from './cancel-step.js';
import { type Asked, type Epic, isClosing, needsApproval, type OwedMail, rowOf, type TaskWrite } from './epic.state.js';
import { authorHeldStep, landingStep } from './landing-step.js';
import { lostTasks, tasksClosed } from './tasks.js';

export type Step =
  | { readonly kind: 'save'; readonly patch: EpicPatch; readonly entries: readonly LifecycleEntry[] }
  | { readonly kind: 'writeTask'; readonly write: TaskWrite }
  | { readonly kind: 'mail'; readonly mail: OwedMail }
  | { readonly kind: 'handOn'; readonly mailIds: readonly string[] }
  | { readonly kind: 'hold'; readonly taskIds: readonly string[]; readonly run: boolean; readonly on: boolean }
  | { readonly kind: 'ask'; readonly ask: Omit<Asked, 'atMs'> }
  | { readonly kind: 'createBranch' }
  | { readonly kind: 'applyPlan'; readonly version: number }
  | { readonly kind: 'readTasks' }
  | { readonly kind: 'lookAfter'; readonly workflowIds: readonly string[] }
  | {
      readonly kind: 'start';
      readonly start: readonly string[];
      readonly again: readonly string[];
      readonly grant: readonly string[];
    }
  | { readonly kind: 'inspectHead' }
  | { readonly kind: 'openPullRequest'; readonly headSha: string }
  | { readonly kind: 'enqueue' }
  | { readonly kind: 'addIntegrationTask'; readonly taskId: string; readonly files: readonly string[] }
  | { readonly kind: 'sayResolved' }
  | { readonly kind: 'sayAuthorHeld'; readonly entryId: string; readonly on: boolean }
  | { readonly kind: 'withdraw'; readonly entryId: string; readonly reason: string }
  | { readonly kind: 'cancelTasks'; readonly taskIds: readonly string[] }
  | { readonly kind: 'cleanUpCancelled' }
  | { readonly kind: 'cleanUpLanded'; readonly mergeSha: string }
  | { readonly kind: 'finish'; readonly landed: number; readonly mergeSha?: string }
  | { readonly kind: 'finishCancelled' }
  | { readonly kind: 'endAdmission' };

/** Undefined: everything waits for somebody else. */
export function nextStep(epic: Epic, nowMs: number): Step | undefined {
  for (const step of candidates(epic, nowMs)) if (step && !isHeldBack(epic, step, nowMs)) return step;
  return undefined;
}

function* candidates(epic: Epic, nowMs: number): Iterable<Step | undefined> {
  yield epic.taskWrites[0] && { kind: 'writeTask', write: epic.taskWrites[0] };
  yield saveStep(epic);
  yield epic.mail[0] && { kind: 'mail', mail: epic.mail[0] };
  yield epic.handOn && { kind: 'handOn', mailIds: epic.handOn };
  if (epic.ended) {
    yield epic.admissionEnded ? undefined : { kind: 'endAdmission' };
    return;
  }
  yield holdStep(epic);
  yield askStep(epic, nowMs);
  yield silentStep(epic, nowMs);
  if (isClosing(epic)) {
    yield cancelStep(epic);
    if (epic.cancel) return;
  }
  yield authorHeldStep(epic);
  if (epic.pausedBy.length > 0) return;
  yield planningStep(epic);
  if (epic.plan.applied === undefined) return;
  yield epic.refresh ? { kind: 'readTasks' } : undefined;
  if (!isClosing(epic)) yield startStep(epic, nowMs);
  const landing = landingStep(epic, nowMs);
  yield landing?.kind === 'finish' && epic.run ? undefined : landing;
}

/** A step that failed waits for its next try. */
const isHeldBack = (epic: Epic, step: Step, nowMs: number): boolean =>
  epic.stuck.some((one) => one.step === step.kind && (one.untilMs === undefined || one.untilMs > nowMs));

function saveStep(epic: Epic): Step | undefined {
  const patch = changedKeys(epic.shown, rowOf(epic));
  const entries = epic.log.pending;
  return Object.keys(patch).length > 0 || entries.length > 0 ? { kind: 'save', patch, entries } : undefined;
}

/** Children are held while anything holds the epic. */
function holdStep(epic: Epic): Step | undefined {
  const on = epic.pausedBy.length > 0;
  const taskIds = epic.tasks.filter((task) => task.open && task.held !== on).map(({ id }) => id);
  const run = epic.run?.host !== undefined && !epic.run.outcome && epic.run.held !== on;
  return taskIds.length > 0 || run ? { kind: 'hold', taskIds, run, on } : undefined;
}

/**
 * Asked again when what it wants has changed, when the factory waits for an answer, and now and then: a factory that was lost has
 * forgotten it. Each ask wakes the factory, so what it can tell by itself is not said.
 */
function askStep(epic: Epic, nowMs: number): Step | undefined {
  const { asked } = epic;
  const wants = wantsOf(epic, nowMs);
  const slots = Math.min(epic.slots, wants);
  const inUse = slotsInUse(epic.tasks);
  const over = inUse > slots ? { inUse } : {};
  const ask = { wants, slots, ...over, held: epic.pausedBy.includes('factory') };
  const same = asked?.wants === ask.wants && asked.inUse === over.inUse && asked.held === ask.held && !epic.heard.owed;
  const stale = asked && ask.wants > 0 && nowMs >= asked.atMs + epic.timing.silentMs;
  return same && !stale ? undefined : { kind: 'ask', ask };
}

export function wantsOf(epic: Epic, nowMs: number): number {
  if (isClosing(epic) || epic.pausedBy.length > 0) return 0;
  const { plan, constants } = epic;
  const waitsForPerson = plan.failed !== undefined || needsApproval(epic);
  if (plan.applied === undefined) {
    const noPlan = plan.version === undefined && constants.planner === 'given' && epic.branchReady;
    return waitsForPerson || noPlan ? 0 : 1;
  }
  const wanted = slotsWanted(epic.tasks, { overlap: constants.overlap, nowMs });
  return Math.min(constants.maxParallelTasks, wanted);
}

function silentStep(epic: Epic, nowMs: number): Step | undefined {
  const before = nowMs - epic.timing.silentMs;
  const tasks = epic.tasks.filter((task) => task.open && task.heardAtMs <= before).map(({ id }) => id);
  const { run } = epic;
  const runs = run?.host && !run.outcome && run.heardAtMs <= before ? [run.runId] : [];
  if (tasks.length + runs.length === 0) return undefined;
  return { kind: 'lookAfter', workflowIds: [...tasks.map(taskWorkflowId), ...runs.map(runWorkflowId)] };
}

function planningStep(epic: Epic): Step | undefined {
  const { plan } = epic;
  if (!epic.branchReady && (epic.slots > 0 || plan.applied !== undefined)) return { kind: 'createBranch' };
  const isNew = plan.version !== undefined && plan.version > (plan.applied ?? 0);
  if (!isNew || needsApproval(epic) || !epic.branchReady || plan.version === undefined) return undefined;
  // The first tasks are made when they may start; an edit of running work does not wait for a place.
  return plan.applied === undefined && epic.slots === 0 ? undefined : { kind: 'applyPlan', version: plan.version };
}

function startStep(epic: Epic, nowMs: number): Step | undefined {
  const { constants, tasks } = epic;
  if (tasksClosed(epic) || !epic.branchReady) return undefined;
  const slots = Math.min(epic.slots, constants.maxParallelTasks);
  const { grant, start } = allocateSlots(tasks, { slots, overlap: constants.overlap, nowMs });
  const again = lostTasks(epic, nowMs).map(({ id }) => id);
  return grant.length + start.length + again.length > 0 ? { kind: 'start', start, again, grant } : undefined;
}

/** The next moment at which time alone gives it something to do. */
export function nextDueMs(epic: Epic, nowMs: number): number | undefined {
  const { landing, asked, run, timing } = epic;
  const due = [
    ...epic.stuck.map((one) => one.untilMs),
    ...epic.tasks.map((task) => (task.open ? task.heardAtMs + timing.silentMs : task.startAfterMs)),
    run?.host && !run.outcome ? run.heardAtMs + timing.silentMs : undefined,
    asked && wantsOf(epic, nowMs) > 0 ? asked.atMs + timing.silentMs : undefined,
    landing.kind === 'asked' || landing.kind === 'landed' ? landing.retryAtMs : undefined,
    epic.nextRunAtMs,
  ].filter((at): at is number => at !== undefined && at > nowMs);
  return due.length === 0 ? undefined : Math.min(...due);
}
