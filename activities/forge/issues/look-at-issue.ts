import { v5 as uuidv5 } from 'uuid';
import { mayCommand } from '../../../domain/forge/actors.js';
import { EPIC_MACHINE, isTerminal } from '../../../domain/states.js';
import { LABEL, type TrackedIssue } from '../../../infra/forge/issues.js';
import { epicWorkflowId } from '../../../workflows/contract/ids.js';
import { cancelUpdate, pauseUpdate } from '../../../workflows/contract/messages.js';
import { beginEpic } from './begin.js';
import {
  type EpicIssue,
  findEpicIssue,
  isEpicElsewhere,
  isTextVoid,
  saveHeldText,
  saveSeenText,
  textHash,
} from './epic-issue.repository.js';
import { type Intake, personOf } from './ports.js';

/** Reads the issue anew and does what it asks for. @returns what that was, in a word */
export async function lookAtIssue(intake: Intake, key: string): Promise<string> {
  const { projectId, tracker, signal } = intake;
  const issue = await tracker.readIssue(projectId, key, signal);
  return issue === undefined ? 'gone' : await takeIssue(intake, issue);
}

/** @param issue as it was read just now */
export async function takeIssue(intake: Intake, issue: TrackedIssue): Promise<string> {
  const { deps, projectId, tracker, signal } = intake;
  const known = await findEpicIssue(deps.pools.writes, projectId, issue.key);
  if (known !== undefined) return await follow(intake, issue, known);
  if (!issue.isOpen || !issue.labels.some((name) => name.toLowerCase() === LABEL)) return 'unlabelled';
  if (await isEpicElsewhere(deps.pools.writes, projectId, { tracker: tracker.kind, key: issue.key }))
    return 'elsewhere';
  // A form may set the label for a stranger who fills it in: who set it is read, not what is set.
  const set = await tracker.whoLabelled(projectId, issue.key, LABEL, signal);
  const ask = set ?? { by: issue.author, at: issue.updatedAt };
  if (!mayCommand(await tracker.readActor(projectId, ask.by, signal))) return 'outsider';
  return (await beginEpic(intake, issue, ask)).kind;
}

/** The issue of an epic that goes on: another text holds it, a closed issue cancels it. */
async function follow(intake: Intake, issue: TrackedIssue, known: EpicIssue): Promise<string> {
  if (isTerminal(EPIC_MACHINE, known.state)) return 'ended';
  if (!issue.isOpen) return await cancelClosed(intake, issue, known);
  const { deps, projectId } = intake;
  const hash = textHash(issue);
  const { writes } = deps.pools;
  await saveSeenText(writes, projectId, { key: issue.key, hash, seenAt: issue.updatedAt });
  // A read that was overtaken by a later one says nothing.
  const now = await findEpicIssue(writes, projectId, issue.key);
  if (now === undefined || !isTextVoid(now)) return 'known';
  if (now.heldHash === now.seenHash) return 'held';
  return await hold(intake, now);
}

async function hold(intake: Intake, issue: EpicIssue): Promise<string> {
  const { deps, projectId, issues } = intake;
  const answer = await issues.controls.send({
    update: pauseUpdate,
    workflowId: epicWorkflowId(issue.epicId),
    command: {
      by: personOf(intake, { name: 'issue' }),
      reason: `the text of issue ${issue.name} is not the one that was approved`,
    },
    updateId: uuidv5(`hold ${issue.seenHash}`, issue.epicId),
  });
  // One that has not begun is held at the next look.
  if (answer.kind === 'absent') return 'later';
  await saveHeldText(deps.pools.writes, projectId, issue.key, issue.seenHash);
  return 'held';
}

/** By somebody who may command; anybody may close an issue that is theirs. */
async function cancelClosed(intake: Intake, issue: TrackedIssue, known: EpicIssue): Promise<string> {
  const { projectId, issues, tracker, signal } = intake;
  const closedBy = await tracker.whoClosed(projectId, issue.key, signal);
  if (closedBy === undefined || (await tracker.isOurs(projectId, closedBy))) return 'closed';
  if (!mayCommand(await tracker.readActor(projectId, closedBy, signal))) return 'outsider';
  const answer = await issues.controls.send({
    update: cancelUpdate,
    workflowId: epicWorkflowId(known.epicId),
    command: { by: personOf(intake, closedBy), reason: `issue ${issue.name} was closed` },
    updateId: uuidv5('closed', known.epicId),
  });
  return answer.kind === 'absent' ? 'later' : 'cancelled';
}
