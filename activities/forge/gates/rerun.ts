import { mayCommand } from '../../../domain/forge/actors.js';
import { epicLandUpdate } from '../../../workflows/contract/epic.js';
import { epicWorkflowId, taskWorkflowId } from '../../../workflows/contract/ids.js';
import { taskRecheckUpdate } from '../../../workflows/contract/task.js';
import type { ControlAnswer } from '../../engine/controls.js';
import { commandId } from '../issues/command-id.js';
import { findSubject } from '../issues/subject.repository.js';
import { lookAtCommit } from '../watch/commits.js';
import type { Look, Watched } from '../watch/ports.js';
import { listQueueGates, listShown, listTaskGates, type ShownGate, voidRedEvidence } from './gates.repository.js';
import type { GateDeps } from './ports.js';
import { isLate, showOne, subjectOf } from './show-one.js';
import * as say from './texts.js';

interface AskedGate {
  readonly draft: say.GateDraft;
  readonly known: ShownGate;
  readonly by: string;
}

/**
 * Somebody presses "Re-run" at a check run of ours. What is red is looked at again, if it is still what counts and
 * nobody works on it; everything else is answered in a run of its own, because the forge waits for one. A run that was
 * replaced meanwhile was answered.
 */
export const lookAtRerun: Look<'rerun'> = async (watched, { sha, by, checkRun }) => {
  const { deps, projectId, signal } = watched;
  const { gates, pools } = deps;
  const shown = await listShown(pools.writes, projectId);
  const drafts = [
    ...(await listTaskGates(pools.writes, projectId, sha)).flatMap((gate) => say.checksReport(gate) ?? []),
    ...(await listQueueGates(pools.writes, projectId, sha)).map(say.queueReport),
  ];
  const asked = drafts.flatMap((draft) => {
    const known = shown.get(subjectOf(draft));
    if (!known?.shownAs || known.isOpen) return [];
    return checkRun === undefined || checkRun === Number(known.shownAs) ? [{ draft, known, by }] : [];
  });
  if (gates === undefined || asked.length === 0) return await lookAtCommit(watched, { kind: 'commit', sha });
  if (!mayCommand(await gates.readActor(projectId, by, signal))) return 'outsider';
  const ended: string[] = [];
  for (const one of asked) ended.push(await take(watched, gates, one));
  return ended.includes('again') ? 'again' : 'answered';
};

async function take(watched: Watched, gates: GateDeps, asked: AskedGate): Promise<'again' | 'answered'> {
  const { draft, known, by } = asked;
  const { isAgain, words } = draft.standing === 'failure' ? await ask(watched, gates, asked) : NOT_RED;
  // What is looked at again shows itself.
  if (words === undefined) return 'again';
  if (isLate(known)) throw say.notShownYet();
  const failure = await showOne(watched, gates, { draft, known, answer: say.askedAgain(by, words) });
  if (failure) throw failure;
  return isAgain ? 'again' : 'answered';
}

/** A task, else the epic whose own pull request it is. */
interface AskedWork {
  readonly task?: { readonly taskId: string };
  readonly epic?: { readonly epicId: string };
}

interface Answer {
  readonly isAgain: boolean;
  readonly words?: string;
}

const NOT_RED: Answer = { isAgain: false, words: say.notRed() };

/** One check run is asked for again once: it is the name of the request. */
async function ask({ deps, projectId }: Watched, gates: GateDeps, { draft, known, by }: AskedGate): Promise<Answer> {
  const { name, headSha, externalId } = draft;
  const updateId = commandId(projectId, `rerun ${known.shownAs}`);
  const command = { by: `github:${by}`, reason: `Re-run of ${name}` };
  const isOfQueue = name === say.QUEUE_GATE;
  const subject: AskedWork = isOfQueue
    ? await findSubject(deps.pools.writes, projectId, externalId.slice(1))
    : { task: { taskId: externalId } };
  // The verdicts that would answer in place of the checks.
  await voidRedEvidence(deps.pools.writes, projectId, headSha);
  if (subject.task !== undefined) {
    const workflowId = taskWorkflowId(subject.task.taskId);
    const rechecked = { ...command, headSha };
    const answer = await gates.controls.send({ workflowId, updateId, update: taskRecheckUpdate, command: rechecked });
    return answerOf(answer, isOfQueue ? say.queuedOncePassed() : undefined);
  }
  if (subject.epic === undefined) return { isAgain: false, words: say.workIsOver() };
  const workflowId = epicWorkflowId(subject.epic.epicId);
  return answerOf(await gates.controls.send({ workflowId, updateId, update: epicLandUpdate, command }));
}

function answerOf(answer: ControlAnswer, words?: string): Answer {
  if (answer.kind === 'done') return { isAgain: true, ...(words === undefined ? {} : { words }) };
  return { isAgain: false, words: answer.kind === 'absent' ? say.workIsOver() : say.refusedBy(answer.message) };
}
