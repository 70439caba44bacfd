import { FAILURES, Failure } from '../../../domain/failures.js';
import { mayCommand } from '../../../domain/forge/actors.js';
import { readComment } from '../../../domain/forge/commands.js';
import type { TrackedComment } from '../../../infra/forge/issues.js';
import { type Acted, act } from './act.js';
import { claimCommand, findCommand, saveOutcome } from './command.repository.js';
import type { Intake } from './ports.js';
import * as say from './texts.js';

/** Reads the comment anew and does what it says, once for ever. @returns what came of it, in a word */
export async function lookAtComment(intake: Intake, id: string): Promise<string> {
  const known = await findCommand(intake.deps.pools.writes, intake.projectId, id);
  if (known?.outcome) return 'known';
  const comment = await intake.tracker.readComment(intake.projectId, id, intake.signal);
  return comment === undefined ? 'gone' : await takeComment(intake, comment);
}

/** @param comment as it was read just now */
export async function takeComment(intake: Intake, comment: TrackedComment): Promise<string> {
  const { deps, projectId, tracker, signal } = intake;
  const { writes } = deps.pools;
  const reading = readComment(comment.body);
  if (reading.kind === 'none') return 'no command';
  if (await tracker.isOurs(projectId, comment.author)) return 'ours';
  const claimed = await claimCommand(writes, projectId, {
    tracker: tracker.kind,
    commentId: comment.id,
    key: comment.key,
    author: comment.author.name,
    said: reading.kind === 'command' ? reading.verb : 'unknown',
    commentedAt: comment.updatedAt,
  });
  if (claimed?.outcome) return 'known';
  const answer = async (acted: Acted): Promise<string> => {
    await saveOutcome(writes, projectId, comment.id, acted);
    return acted.outcome;
  };
  // What the person may now counts, not what they might when they wrote it.
  if (!mayCommand(await tracker.readActor(projectId, comment.author, signal)))
    return await answer({ outcome: 'outsider', answer: '' });
  if (reading.kind === 'unknown') return await answer({ outcome: 'unknown', answer: say.unknownCommand(reading.said) });
  return await answer(await acted(intake, comment, reading));
}

async function acted(...asked: Parameters<typeof act>): Promise<Acted> {
  try {
    return await act(...asked);
  } catch (error) {
    // What repeating does not mend is an answer; everything else is tried again.
    if (!(error instanceof Failure) || FAILURES[error.type].retryable) throw error;
    return { outcome: 'refused', answer: say.refusedBy(error.message) };
  }
}
