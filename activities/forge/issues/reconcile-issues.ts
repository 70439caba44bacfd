import { LABEL } from '../../../infra/forge/issues.js';
import { findCommand } from './command.repository.js';
import { type ForgeCursor, moveCursor, openCursor } from './cursor.repository.js';
import { listOpenEpicIssues } from './epic-issue.repository.js';
import { takeComment } from './look-at-comment.js';
import { takeIssue } from './look-at-issue.js';
import type { Intake } from './ports.js';

/** Read again each time: clocks of the forge's own parts differ, and its lists show what is new a moment late. */
const OVERLAP_MS = 5 * 60_000;

/** Issues and comments that changed since the last look, whether a delivery named them or not. */
export async function reconcileIssues(intake: Intake): Promise<void> {
  const { deps, projectId, tracker } = intake;
  const cursor = await openCursor(deps.pools.writes, projectId, tracker.kind);
  await readIssues(intake, cursor);
  await readComments(intake, cursor);
}

async function readIssues(intake: Intake, { issuesSince }: ForgeCursor): Promise<void> {
  const { deps, projectId, tracker, signal } = intake;
  const since = withOverlap(issuesSince);
  const listed = await tracker.listIssues(projectId, { label: LABEL, since }, signal);
  // One whose label was taken off is followed all the same.
  const open = await listOpenEpicIssues(deps.pools.writes, projectId, tracker.kind);
  const keys = [...new Set([...listed, ...open].map(({ key }) => key))];
  let isLater = false;
  // Lists show an issue a moment late: each is read for itself.
  for (const issue of await tracker.readIssues(projectId, keys, signal)) {
    signal.throwIfAborted();
    isLater = (await takeIssue(intake, issue)) === 'later' || isLater;
  }
  const newest = listed.at(-1)?.updatedAt;
  // While a project takes no work, what asks for it is found again.
  if (newest === undefined || isLater) return;
  await moveCursor(deps.pools.writes, projectId, tracker.kind, { issuesSince: new Date(newest) });
}

async function readComments(intake: Intake, { commentsSince }: ForgeCursor): Promise<void> {
  const { deps, projectId, tracker, signal } = intake;
  const listed = await tracker.listComments(projectId, withOverlap(commentsSince), signal);
  for (const comment of listed) {
    signal.throwIfAborted();
    if ((await findCommand(deps.pools.writes, projectId, comment.id))?.outcome) continue;
    await takeComment(intake, comment);
  }
  const newest = listed.at(-1)?.updatedAt;
  if (newest === undefined) return;
  await moveCursor(deps.pools.writes, projectId, tracker.kind, { commentsSince: new Date(newest) });
}

const withOverlap = (since: Date): string =>
  new Date(since.getTime() - OVERLAP_MS).toISOString().replace(/\.\d+Z$/, 'Z');
