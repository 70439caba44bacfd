import type { Command } from '../../../domain/forge/commands.js';
import { plainLine, showHidden } from '../../../domain/prompt-hidden.js';
import { EPIC_MACHINE, isTerminal, TASK_MACHINE } from '../../../domain/states.js';
import type { TrackedComment } from '../../../infra/forge/issues.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import {
  epicApprovePlanUpdate,
  epicLandUpdate,
  epicRetryFailedUpdate,
  epicRetryTaskUpdate,
} from '../../../workflows/contract/epic.js';
import { epicWorkflowId, taskWorkflowId } from '../../../workflows/contract/ids.js';
import { cancelUpdate, pauseUpdate, resumeUpdate } from '../../../workflows/contract/messages.js';
import type { ControlAnswer } from '../../engine/controls.js';
import { insertMail, notifyOfMail } from '../../mail/mail.repository.js';
import { approveText } from './approve-text.js';
import { beginEpic } from './begin.js';
import type { CommandOutcome } from './command.repository.js';
import { commandId } from './command-id.js';
import { isTextVoid } from './epic-issue.repository.js';
import { type Intake, personOf } from './ports.js';
import { type CommandSubject, type EpicSubject, findSubject, type TaskSubject } from './subject.repository.js';
import * as say from './texts.js';

export interface Acted {
  readonly outcome: CommandOutcome;
  readonly answer: string;
  readonly mailId?: string;
}

const refused = (answer: string): Acted => ({ outcome: 'refused', answer });
const done = (answer: string): Acted => ({ outcome: 'done', answer });

/**
 * Carries out a command of somebody who may. Repeatable: the comment's id is the update's and the mail's.
 * @throws Unavailable when what it is for has not begun yet, or no worker answers
 */
export async function act(intake: Intake, comment: TrackedComment, command: Command): Promise<Acted> {
  const subject = await findSubject(intake.deps.pools.writes, intake.projectId, comment.key);
  const { epic, task } = subject;
  if (command.verb === 'plan') return epic === undefined ? begin(intake, comment, task) : done(say.planShown(epic));
  if (command.verb === 'approve') return await approve(intake, { comment, command, subject });
  if (command.verb === 'land')
    return epic === undefined ? refused(say.nothingHere()) : await land(intake, comment, epic);
  if (task !== undefined) return await toTask(intake, { comment, command, task, epic });
  return epic === undefined ? refused(say.nothingHere()) : await toEpic(intake, { comment, command, epic, subject });
}

async function begin(intake: Intake, comment: TrackedComment, task: TaskSubject | undefined): Promise<Acted> {
  const { projectId, tracker, signal } = intake;
  const issue = await tracker.readIssue(projectId, comment.key, signal);
  if (issue === undefined || task !== undefined) return refused(say.nothingHere());
  if (!issue.isOpen) return refused(say.issueIsClosed());
  const begun = await beginEpic(intake, issue, { by: comment.author, at: comment.updatedAt });
  return begun.kind === 'later' ? refused(begun.why) : done(say.epicBegun());
}

interface Asked {
  readonly comment: TrackedComment;
  readonly command: Command;
}

async function approve(
  intake: Intake,
  { comment, command, subject }: Asked & { readonly subject: CommandSubject },
): Promise<Acted> {
  const { epic, issue } = subject;
  if (epic === undefined) return refused(say.nothingHere());
  if (issue !== undefined && isTextVoid(issue)) {
    const answer = await approveText(intake, { comment, named: command.text, issue });
    return answer.kind === 'approved' ? done(answer.words) : refused(answer.words);
  }
  if (epic.planVersion === null) return refused(say.noPlanYet());
  const answer = await intake.issues.controls.send({
    ...addressed(intake, comment, epicWorkflowId(epic.epicId)),
    update: epicApprovePlanUpdate,
    command: { by: personOf(intake, comment.author), planVersion: epic.planVersion },
  });
  return told(answer, say.planApproved(epic.planVersion), isTerminal(EPIC_MACHINE, issue?.state ?? 'PLANNING'));
}

async function land(intake: Intake, comment: TrackedComment, epic: EpicSubject): Promise<Acted> {
  const target = addressed(intake, comment, epicWorkflowId(epic.epicId));
  const command = { by: personOf(intake, comment.author) };
  const answer = await intake.issues.controls.send({ ...target, update: epicLandUpdate, command });
  return told(answer, say.landingAsked(), hasEnded(epic));
}

const CONTROLS = { pause: pauseUpdate, resume: resumeUpdate, cancel: cancelUpdate } as const;

async function toEpic(
  intake: Intake,
  {
    comment,
    command,
    epic,
    subject: { issue },
  }: Asked & { readonly epic: EpicSubject; readonly subject: CommandSubject },
): Promise<Acted> {
  const { verb, text } = command;
  const workflowId = epicWorkflowId(epic.epicId);
  const target = addressed(intake, comment, workflowId);
  const by = personOf(intake, comment.author);
  if (verb === 'ask') return await mail(intake, comment, text, { kind: 'epic', id: epic.epicId, workflowId });
  if (verb === 'resume' && issue !== undefined && isTextVoid(issue)) return refused(say.textIsVoid(issue.seenHash));
  if (verb === 'retry') {
    const answer = await intake.issues.controls.send({ ...target, update: epicRetryFailedUpdate, command: { by } });
    return told(answer, say.retried('epic'), hasEnded(epic));
  }
  const update = CONTROLS[verb as keyof typeof CONTROLS]; // the others were answered above
  const answer = await intake.issues.controls.send({ ...target, update, command: { by, ...reasonOf(text) } });
  return told(answer, say.controlled('epic', verb), hasEnded(epic));
}

async function toTask(
  intake: Intake,
  { comment, command, task, epic }: Asked & { readonly task: TaskSubject; readonly epic: EpicSubject | undefined },
): Promise<Acted> {
  const { verb, text } = command;
  const workflowId = taskWorkflowId(task.taskId);
  const by = personOf(intake, comment.author);
  const isOver = isTerminal(TASK_MACHINE, task.state as keyof typeof TASK_MACHINE); // the column's CHECK allows these alone
  if (verb === 'ask') return await mail(intake, comment, text, { kind: 'task', id: task.taskId, workflowId });
  if (verb === 'retry') {
    if (epic === undefined) return refused(say.loneTaskIsRetriedElsewhere(task.taskId));
    const target = addressed(intake, comment, epicWorkflowId(epic.epicId));
    const retried = { by, taskId: task.taskId };
    const answer = await intake.issues.controls.send({ ...target, update: epicRetryTaskUpdate, command: retried });
    return told(answer, say.retried('task'), hasEnded(epic));
  }
  const update = CONTROLS[verb as keyof typeof CONTROLS]; // the others were answered above
  const target = addressed(intake, comment, workflowId);
  const answer = await intake.issues.controls.send({ ...target, update, command: { by, ...reasonOf(text) } });
  return told(answer, say.controlled('task', verb), isOver || task.state === 'FAILED');
}

async function mail(
  intake: Intake,
  comment: TrackedComment,
  text: string,
  to: { readonly kind: 'epic' | 'task'; readonly id: string; readonly workflowId: string },
): Promise<Acted> {
  const { deps, projectId } = intake;
  const mailId = commandId(projectId, comment.id);
  await withTransaction(deps.pools.writes, async (tx) => {
    const isNew = await insertMail(tx, {
      id: mailId,
      from: { kind: 'human', id: personOf(intake, comment.author) },
      to: { kind: to.kind, id: to.id },
      subject: plainLine(text.split('\n')[0] ?? '', 120),
      body: showHidden(text),
      kind: 'message',
      needsAnswer: false,
      projectId,
      ...(to.kind === 'epic' ? { epicId: to.id } : { taskId: to.id }),
    });
    if (isNew) await notifyOfMail(tx, { mailId }, to.workflowId);
  });
  return { outcome: 'done', answer: say.asked(to.kind), mailId };
}

const addressed = ({ projectId }: Intake, comment: TrackedComment, workflowId: string) => ({
  workflowId,
  updateId: commandId(projectId, comment.id),
});

const hasEnded = ({ state }: EpicSubject): boolean => isTerminal(EPIC_MACHINE, state as keyof typeof EPIC_MACHINE); // by the column's CHECK

const reasonOf = (text: string) => (text === '' ? {} : { reason: plainLine(text, 500) });

/** @throws Unavailable for what is about to begin */
function told(answer: ControlAnswer, words: string, hasEnded: boolean): Acted {
  if (answer.kind === 'done') return done(words);
  if (answer.kind === 'refused') return refused(say.refusedBy(answer.message));
  if (hasEnded) return refused(say.isOver());
  throw say.notOpenYet();
}
