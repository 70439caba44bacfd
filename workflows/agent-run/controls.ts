// Pure: what messages do to a run, and when they are refused.
import type { Refusal } from '../../domain/failures.js';
import { budgetLiftedNote } from '../../domain/run-notes.js';
import type { StopCommand } from '../contract/agent-run.js';
import type { ControlCommand, HoldMessage, MailMessage } from '../contract/messages.js';
import { withHold } from '../support/holds.js';
import { withSeen } from '../support/seen.js';
import { type AgentRunState, isOver } from './agent-run.state.js';

const whyNotControl = (run: AgentRunState, cmd: ControlCommand): Refusal | undefined => {
  if (isOver(run) || run.stop)
    return { type: 'InvalidState', message: `The run is ${run.stop ? 'stopping' : run.state}.` };
  if (cmd.expectedRevision !== undefined && cmd.expectedRevision < run.revision)
    return { type: 'StaleVersion', message: `The run has changed: it is at revision ${run.revision}.` };
  return undefined;
};

export const whyNotPause = whyNotControl;
export const whyNotStop = whyNotControl;

/** Only what a person may lift: their own hold and the budget's. */
export const whyNotResume = (run: AgentRunState, cmd: ControlCommand): Refusal | undefined => {
  const refusal = whyNotControl(run, cmd);
  if (refusal) return refusal;
  if (run.pausedBy.includes('person') || run.pausedBy.includes('budget')) return undefined;
  const message = run.pausedBy.length > 0 ? 'The run is held by its task; resume that.' : 'The run is not paused.';
  return { type: 'InvalidState', message };
};

export const paused = (run: AgentRunState): AgentRunState => ({
  ...run,
  pausedBy: withHold(run.pausedBy, 'person', true),
});

export const held = (run: AgentRunState, { by, on }: HoldMessage): AgentRunState => ({
  ...run,
  pausedBy: withHold(run.pausedBy, by, on),
});

export const resumed = (run: AgentRunState): AgentRunState => {
  const byPerson = { ...run, pausedBy: withHold(run.pausedBy, 'person', false) };
  return run.pausedBy.includes('budget') ? budgetLifted(byPerson) : byPerson;
};

const budgetLifted = ({ budgetMailId: _answered, ...run }: AgentRunState): AgentRunState => ({
  ...run,
  pausedBy: withHold(run.pausedBy, 'budget', false),
  budgetGrants: run.budgetGrants + 1,
  notes: [...run.notes, budgetLiftedNote()],
});

/** The first stop wins; a cancelling one replaces a plain one, because nobody will resume the task. */
export const stopped = (run: AgentRunState, cmd: StopCommand): AgentRunState =>
  run.stop && (run.stop.cancel || !cmd.cancel) ? run : { ...run, stop: cmd };

/** Mail waits for the next turn. An answer ends the wait for it, however early it comes. */
export function mailed(run: AgentRunState, { mailId, answers }: MailMessage): AgentRunState {
  if (run.seen.includes(mailId)) return run;
  const known = { ...run, seen: withSeen(run.seen, mailId), inbox: [...run.inbox, mailId] };
  if (answers === undefined) return known;
  if (answers === run.budgetMailId) return budgetLifted(known);
  return {
    ...known,
    answered: withSeen(run.answered, answers),
    asked: run.asked.filter((question) => question.mailId !== answers),
  };
}
