import { Failure } from '../../../domain/failures.js';
import { EPIC_MACHINE, isTerminal } from '../../../domain/states.js';
import type { Reaction } from '../../../infra/forge/issues.js';
import { type CommandRow, listAnswers, listAskedPages, listUnreported, saveReported } from './command.repository.js';
import { type EpicIssue, listOpenEpicIssues, saveIssueBegun, saveIssueEnded } from './epic-issue.repository.js';
import { isPassing, showComment } from './own-comment.js';
import type { Intake } from './ports.js';
import { readProgress } from './progress.repository.js';
import { progressComment } from './progress-text.js';
import { answersComment } from './texts.js';

const ANSWERS = { marker: 'millwright:answers', atMostEveryMs: 0 };
/** Its cost changes with every call; nobody reads it so often. */
const PROGRESS = { marker: 'millwright:progress', atMostEveryMs: 15_000 };
const LATEST = 10;

/** Shows what commands came to and how the epics of issues stand. What a limit or an outage keeps comes next time. */
export async function report(intake: Intake): Promise<void> {
  await reportCommands(intake);
  const { deps, projectId, tracker, signal } = intake;
  for (const issue of await listOpenEpicIssues(deps.pools.writes, projectId, tracker.kind)) {
    signal.throwIfAborted();
    await reportProgress(intake, issue);
  }
}

async function reportCommands(intake: Intake): Promise<void> {
  const { deps, projectId, tracker, signal } = intake;
  const { writes } = deps.pools;
  const waiting = await listUnreported(writes, projectId, tracker.kind);
  const asked = await listAskedPages(writes, projectId, tracker.kind);
  for (const key of new Set([...waiting.map((one) => one.key), ...asked])) {
    signal.throwIfAborted();
    const text = answersComment(await listAnswers(writes, projectId, key, LATEST));
    const isShown = await showComment(intake, { ...ANSWERS, key, text });
    if (!isShown) continue;
    for (const command of waiting.filter((one) => one.key === key)) await reactTo(intake, command);
  }
}

const REACTIONS: Readonly<Record<string, Reaction>> = { done: '+1', refused: '-1', unknown: 'confused' };

async function reactTo({ deps, projectId, tracker, signal }: Intake, command: CommandRow): Promise<void> {
  const reaction = command.said === 'ask' && command.outcome === 'done' ? 'eyes' : REACTIONS[command.outcome ?? ''];
  try {
    if (reaction !== undefined) await tracker.react(projectId, command.commentId, reaction, signal);
  } catch (error) {
    if (isPassing(error)) return;
    // The comment may be gone, and its answer stands on the page: nothing is left to be shown.
  }
  await saveReported(deps.pools.writes, projectId, command.commentId);
}

/** Once: where somebody moves the issue afterwards, it stays. */
async function showBegun({ deps, projectId, issues, tracker, signal }: Intake, issue: EpicIssue): Promise<void> {
  const url = issues.epicUrl?.(issue.epicId);
  const work = { title: `Epic of ${issue.name}`, ...(url === undefined ? {} : { url }) };
  try {
    await tracker.showBegun(projectId, issue.key, work, signal);
  } catch (error) {
    if (isPassing(error)) return;
    // A state that we may not set is no reason to say nothing below the issue.
    if (!(error instanceof Failure)) throw error;
  }
  await saveIssueBegun(deps.pools.writes, projectId, issue.key);
}

async function reportProgress(intake: Intake, issue: EpicIssue): Promise<void> {
  const { deps, projectId, tracker, signal } = intake;
  const { writes } = deps.pools;
  const progress = await readProgress(writes, issue);
  if (progress === undefined) return;
  const isOver = isTerminal(EPIC_MACHINE, progress.state);
  const { marker, atMostEveryMs } = PROGRESS;
  const text = progressComment(progress);
  const shown = { key: issue.key, marker, text, atMostEveryMs: isOver ? 0 : atMostEveryMs };
  if (issue.begunAt === null && !isOver) await showBegun(intake, issue);
  try {
    const isShown = await showComment(intake, shown);
    if (!isShown || !isOver) return;
    if (progress.state === 'COMPLETED') await tracker.closeIssue(projectId, issue.key, signal);
  } catch (error) {
    // An issue that somebody deleted keeps nothing from the others.
    const isGone = error instanceof Failure && error.type === 'NotFound';
    if (!isGone && !isPassing(error)) throw error;
    if (!isGone || !isOver) return;
  }
  await saveIssueEnded(writes, projectId, issue.key);
}
