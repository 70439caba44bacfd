import { epicDescription, epicTitle } from '../../../domain/forge/issue-text.js';
import type { TrackedComment } from '../../../infra/forge/issues.js';
import { recordHumanAct } from '../../../infra/pg/audit.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { epicWorkflowId } from '../../../workflows/contract/ids.js';
import { resumeUpdate } from '../../../workflows/contract/messages.js';
import { commandId } from './command-id.js';
import { type EpicIssue, fingerprint, saveApprovedText, saveSeenText, textHash } from './epic-issue.repository.js';
import { type Intake, personOf } from './ports.js';
import * as say from './texts.js';

interface Approval {
  readonly comment: TrackedComment;
  /** What stands behind the verb: the fingerprint of the text that is meant, or nothing. */
  readonly named: string;
  readonly issue: EpicIssue;
}

/**
 * Approves the issue's text as it reads now, when that is the text the comment was written under: it is named, or
 * nothing about the issue changed since, or it was seen to read so before. Any other is one that nobody approved.
 */
export async function approveText(
  intake: Intake,
  { comment, named, issue: known }: Approval,
): Promise<{ readonly kind: 'approved' | 'refused'; readonly words: string }> {
  const { deps, projectId, issues, tracker, signal } = intake;
  const issue = await tracker.readIssue(projectId, known.key, signal);
  if (issue === undefined) return { kind: 'refused', words: say.nothingHere() };
  const hash = textHash(issue);
  const { writes } = deps.pools;
  const writtenAt = Date.parse(comment.updatedAt);
  const isMeant =
    named === ''
      ? Date.parse(issue.updatedAt) <= writtenAt || (known.seenHash === hash && known.seenAt.getTime() <= writtenAt)
      : named.toLowerCase() === fingerprint(hash);
  if (!isMeant) {
    await saveSeenText(writes, projectId, { key: known.key, hash, seenAt: issue.updatedAt });
    return { kind: 'refused', words: say.textChangedAgain(hash) };
  }
  const by = personOf(intake, comment.author);
  const approved = { key: known.key, epicId: known.epicId, hash, by: comment.author.name };
  const text = { title: epicTitle(issue.title), description: epicDescription(issue.body) };
  await withTransaction(writes, async (tx) => {
    await saveApprovedText(tx, projectId, { ...approved, ...text });
    const person = { by, ip: 'forge' };
    await recordHumanAct(tx, person, {
      projectId,
      epicId: known.epicId,
      what: 'epic.text.approved',
      object: epicWorkflowId(known.epicId),
      title: `Text of issue ${known.name} approved`,
      after: text,
      decisionId: commandId(projectId, comment.id),
    });
  });
  // Whatever else holds the epic is its own to say; one that nothing holds refuses, and goes on.
  await issues.controls.send({
    update: resumeUpdate,
    workflowId: epicWorkflowId(known.epicId),
    command: { by, reason: `the text of issue ${known.name} is approved` },
    updateId: commandId(projectId, comment.id),
  });
  return { kind: 'approved', words: say.textApproved() };
}
