// After every change: dependants follow their dependencies, the state machine follows the facts, mail is owed. Pure.
import { skipChanges } from '../../domain/plan/readiness.js';
import { canBecome, EPIC_MACHINE } from '../../domain/states.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import { isoAt, noted, transitionEntry } from '../support/lifecycle-log.js';
import { withSeen } from '../support/seen.js';
import { cancellable } from './cancel-step.js';
import { type Clock, type Epic, isClosing, landsByPerson, needsApproval } from './epic.state.js';
import { type Position, positionOf } from './position.js';
import { isTrouble } from './stuck.js';
import { failedTasks, findTask, landedTasks, tasksClosed, writeTask } from './tasks.js';

/** @param reason of a change of state, for the decision log; absent: what the new position says. */
export function settle(epic: Epic, clock: Clock, by?: string): Epic {
  if (epic.ended && epic.state !== 'COMPLETED' && epic.state !== 'CANCELLED')
    return owed(moved(epic, clock, by), clock);
  return epic.ended ? epic : owed(moved(landedByItself(followed(epic, clock.nowMs), clock), clock, by), clock);
}

/** Tasks whose workflow is not open follow the epic's end, or the end of what they need. */
function followed(epic: Epic, atMs: number): Epic {
  if (isClosing(epic)) {
    const reason = epic.cancel ? 'the epic was cancelled' : 'the epic’s pull request has landed';
    return cancellable(epic).reduce((next, task) => writeTask(next, task, 'CANCELLED', { reason, atMs }), epic);
  }
  if (epic.plan.applied === undefined) return epic;
  return skipChanges(epic.tasks, (task) => task.open).reduce((next, { id, to, because }) => {
    const task = findTask(next, id);
    if (!task) return next;
    const dead = because === undefined ? undefined : findTask(next, because);
    const reason = dead ? `it needs “${dead.title}”, which is ${dead.state}` : 'what it needs is possible again';
    const patch = { failureReason: dead ? reason : null };
    return writeTask(next, task, to, { reason, atMs, patch });
  }, epic);
}

function landedByItself(epic: Epic, { newId }: Clock): Epic {
  const { landing } = epic;
  if (landing.kind !== 'open' || landsByPerson(epic) || epic.cancel) return epic;
  return { ...epic, landing: { kind: 'asked', headSha: landing.headSha, entryId: newId(), by: 'land: auto' } };
}

function moved(epic: Epic, { nowMs }: Clock, by?: string): Epic {
  const to = positionOf(epic);
  const { blockedReason: _b, waitingFor: _w, ...rest } = epic;
  const next = { ...rest, ...to };
  if (to.state !== epic.state) {
    if (!canBecome(EPIC_MACHINE, epic.state, to.state))
      throw new Error(`epic: ${epic.state} cannot become ${to.state}`);
    const entry = { species: 'epic', from: epic.state, to: to.state, reason: whyOf(epic, to), atMs: nowMs } as const;
    const person = epic.ended?.kind === 'cancelled' ? epic.cancel?.by : by;
    return { ...next, log: noted(epic.log, transitionEntry({ ...entry, ...(person ? { by: person } : {}) })) };
  }
  if (to.phase === epic.phase) return next;
  const data = { from: epic.phase, to: to.phase };
  return { ...next, log: noted(epic.log, { at: isoAt(nowMs), type: 'epic.phase', data }) };
}

function whyOf(epic: Epic, to: Position): string {
  if (to.blockedReason) return to.blockedReason;
  if (epic.ended?.kind === 'completed') return `${landedTasks(epic).length} tasks landed`;
  if (epic.ended) return epic.cancel?.reason ?? `cancelled by ${epic.cancel?.by ?? 'a person'}`;
  return to.state === 'IN_PROGRESS' && epic.state === 'PLANNING'
    ? `plan version ${epic.plan.applied} is carried out`
    : 'what blocked it is gone';
}

/** Mail for people: once for each occasion. */
function owed(epic: Epic, { newId }: Clock): Epic {
  const due = occasions(epic).filter(({ key }) => !epic.mailed.includes(key));
  if (due.length === 0) return epic;
  return {
    ...epic,
    mailed: due.reduce((mailed, { key }) => withSeen(mailed, key), epic.mailed),
    mail: [...epic.mail, ...due.map(({ template }) => ({ mailId: newId(), template }))],
  };
}

interface Occasion {
  readonly key: string;
  readonly template: MailTemplate;
}

function occasions(epic: Epic): readonly Occasion[] {
  const { plan, landing, pr, ended } = epic;
  const found: Occasion[] = [];
  if (ended?.kind === 'completed')
    found.push({ key: 'completed', template: { kind: 'epic_completed', landed: ended.landed } });
  if (ended || epic.cancel) return found;
  for (const { step, reason, untilMs } of epic.stuck.filter(isTrouble))
    found.push({
      key: `stuck:${step}:${reason}`,
      template: { kind: 'epic_stuck', epicId: epic.constants.epicId, reason, triesAgain: untilMs !== undefined },
    });
  if (plan.failed !== undefined)
    found.push({ key: `plan_failed:${plan.failed}`, template: { kind: 'plan_failed', errors: errorsOf(epic) } });
  if (plan.applied === undefined && plan.version === undefined && epic.constants.planner === 'given')
    found.push({ key: 'plan_wanted', template: { kind: 'plan_wanted' } });
  if (plan.applied === undefined && needsApproval(epic) && plan.version !== undefined)
    found.push({ key: `plan:${plan.version}`, template: { kind: 'plan_waits', planVersion: plan.version } });
  const failed = tasksClosed(epic) ? failedTasks(epic) : [];
  if (failed.length > 0)
    found.push({
      key: `failed:${failed.map(({ id, attempt }) => `${id}.${attempt}`).join()}`,
      template: { kind: 'tasks_failed', titles: failed.map(({ title }) => title) },
    });
  if (landing.kind === 'open' && pr)
    found.push({
      key: `landing:${pr.number}:${landing.headSha}`,
      template: { kind: 'epic_waits_for_landing', prNumber: pr.number },
    });
  if (landing.kind === 'ejected')
    found.push({
      key: `ejected:${landing.entryId}`,
      template: { kind: 'entry_ejected', reason: landing.reason, next: landing.next },
    });
  return found;
}

const errorsOf = ({ plan }: Epic): readonly string[] =>
  plan.errors.length > 0 ? plan.errors : [plan.failed ?? 'no plan was made'];
