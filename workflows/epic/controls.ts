// What people and other workflows ask of an epic: refusals and changes of state. Pure.
import type { Refusal } from '../../domain/failures.js';
import type { PlanCommand } from '../contract/epic.js';
import type { AdmittedMessage, ControlCommand, HoldMessage, MailMessage } from '../contract/messages.js';
import { withHold } from '../support/holds.js';
import { decisionEntry, noted } from '../support/lifecycle-log.js';
import { withSeen } from '../support/seen.js';
import { type Clock, type Epic, isOver, needsApproval } from './epic.state.js';
import { isLanding, lookAgain } from './landing.js';
import { failedTasks, retryTask } from './tasks.js';

/** A share may cross an ask for less: what was not asked for is not taken. */
export const admitted = (epic: Epic, { slots, nth = 0, answer = false }: AdmittedMessage): Epic => ({
  ...epic,
  slots: Math.min(slots, epic.asked?.wants ?? slots),
  heard: { nth, owed: answer },
});

const invalid = (message: string): Refusal => ({ type: 'InvalidState', message });

/** What every control is refused for. */
export function whyNotControl(epic: Epic, cmd: ControlCommand): Refusal | undefined {
  if (cmd.expectedRevision !== undefined && cmd.expectedRevision !== epic.revision)
    return {
      type: 'StaleVersion',
      message: `The epic is at revision ${epic.revision}, not ${cmd.expectedRevision}: load it again.`,
    };
  if (isOver(epic)) return invalid(`The epic is ${epic.state}.`);
  if (epic.cancel) return invalid(`The epic is being cancelled by ${epic.cancel.by}.`);
  return undefined;
}

export const whyNotPause = (epic: Epic, cmd: ControlCommand): Refusal | undefined =>
  whyNotControl(epic, cmd) ?? (epic.pausedBy.includes('person') ? invalid('The epic is paused already.') : undefined);

export const pause = (epic: Epic, cmd: ControlCommand, { nowMs }: Clock): Epic =>
  byPerson({ ...epic, pausedBy: withHold(epic.pausedBy, 'person', true) }, cmd, 'paused', nowMs);

export const whyNotResume = (epic: Epic, cmd: ControlCommand): Refusal | undefined =>
  whyNotControl(epic, cmd) ??
  (epic.pausedBy.includes('person') || epic.stuck.length > 0 || epic.plan.failed !== undefined
    ? undefined
    : invalid(
        epic.pausedBy.includes('factory')
          ? 'Everything is held, this epic too: thaw everything.'
          : 'The epic is not paused by a person, nor stuck.',
      ));

/** Lifts a person's pause, and tries again what failed. */
export const resume = (epic: Epic, cmd: ControlCommand, { nowMs }: Clock): Epic =>
  byPerson(
    planAgain({
      ...epic,
      pausedBy: withHold(epic.pausedBy, 'person', false),
      stuck: epic.stuck.map((one) => ({ ...one, untilMs: nowMs })),
    }),
    cmd,
    'resumed',
    nowMs,
  );

export const cancel = (epic: Epic, cmd: ControlCommand, { nowMs }: Clock): Epic =>
  isOver(epic) || epic.cancel
    ? epic
    : byPerson(
        { ...epic, cancel: { by: cmd.by, ...(cmd.reason === undefined ? {} : { reason: cmd.reason }) } },
        cmd,
        'cancelled',
        nowMs,
      );

export const whyNotApprove = (epic: Epic, cmd: PlanCommand): Refusal | undefined => {
  const refusal = whyNotControl(epic, cmd);
  if (refusal) return refusal;
  if (epic.phase !== 'awaiting_approval' || !needsApproval(epic)) return invalid('No plan waits for approval.');
  if (cmd.planVersion === epic.plan.version) return undefined;
  return {
    type: 'Conflict',
    message: `Version ${epic.plan.version} waits for approval, not ${cmd.planVersion}.`,
  };
};

export const approvePlan = (epic: Epic, cmd: PlanCommand, { nowMs }: Clock): Epic =>
  byPerson(
    { ...epic, plan: { ...epic.plan, approved: cmd.planVersion } },
    cmd,
    `plan version ${cmd.planVersion} approved`,
    nowMs,
  );

export const whyNotEditPlan = (epic: Epic, cmd: PlanCommand): Refusal | undefined => {
  const refusal = whyNotControl(epic, cmd);
  if (refusal) return refusal;
  if (isLanding(epic)) return invalid('The epic’s pull request is being landed.');
  if (cmd.planVersion > (epic.plan.version ?? 0)) return undefined;
  return { type: 'Conflict', message: `Version ${epic.plan.version} is stored already.` };
};

/** A person's plan. While it is carried out an edit needs no further approval; before, the new version does. */
export const editPlan = (epic: Epic, cmd: PlanCommand, { nowMs }: Clock): Epic => {
  const { failed: _, ...plan } = epic.plan;
  const version = cmd.planVersion;
  const approved = plan.applied === undefined ? {} : { approved: version };
  return byPerson(
    lookAgain({ ...epic, plan: { ...plan, version, ...approved, tries: 0, errors: [] } }),
    cmd,
    `plan version ${version} given`,
    nowMs,
  );
};

export const whyNotRetryFailed = (epic: Epic, cmd: ControlCommand): Refusal | undefined =>
  whyNotControl(epic, cmd) ??
  (failedTasks(epic).length > 0 || epic.plan.failed !== undefined || epic.stuck.length > 0
    ? undefined
    : invalid('Nothing has failed.'));

export const retryFailed = (epic: Epic, cmd: ControlCommand, clock: Clock): Epic =>
  failedTasks(epic).reduce(
    (next, task) => retryTask(next, task.id, cmd.by, clock.nowMs),
    planAgain({ ...epic, stuck: epic.stuck.map((one) => ({ ...one, untilMs: clock.nowMs })) }),
  );

export const whyNotLand = (epic: Epic, cmd: ControlCommand): Refusal | undefined => {
  const refusal = whyNotControl(epic, cmd);
  if (refusal) return refusal;
  const waits = epic.phase === 'awaiting_merge' && (epic.landing.kind === 'open' || epic.landing.kind === 'ejected');
  return waits ? undefined : invalid('No pull request of the epic waits to be landed.');
};

/** After an ejection the head is read again: it may have been repaired meanwhile. */
export const land = (epic: Epic, cmd: ControlCommand, { nowMs, newId }: Clock): Epic => {
  const { landing } = epic;
  if (landing.kind !== 'open' && landing.kind !== 'ejected') return epic;
  const headSha = landing.kind === 'open' ? landing.headSha : '';
  return byPerson(
    { ...epic, landing: { kind: 'asked', headSha, entryId: newId(), by: cmd.by } },
    cmd,
    'landing asked for',
    nowMs,
  );
};

/** Only the factory holds an epic; it also says so again after a restart. */
export const hold = (epic: Epic, message: HoldMessage): Epic => ({
  ...epic,
  pausedBy: withHold(epic.pausedBy, message.by, message.on),
});

export const mailCame = (epic: Epic, mail: MailMessage): Epic =>
  epic.seen.includes(mail.mailId)
    ? epic
    : { ...epic, seen: withSeen(epic.seen, mail.mailId), inbox: [...epic.inbox, mail.mailId] };

/** A person asks for another try of a planning that gave up. */
function planAgain(epic: Epic): Epic {
  if (epic.plan.failed === undefined) return epic;
  const { failed: _, ...plan } = epic.plan;
  return { ...epic, plan: { ...plan, tries: 0 } };
}

const byPerson = (epic: Epic, cmd: ControlCommand, what: string, nowMs: number): Epic => ({
  ...epic,
  log: noted(
    epic.log,
    decisionEntry('epic.control', nowMs, {
      kind: 'human',
      title: what,
      decision: what,
      by: cmd.by,
      ...(cmd.reason === undefined ? {} : { reasoning: cmd.reason }),
    }),
  ),
});
