import { Failure } from '../../domain/failures.js';
import type { PullRequest } from '../../infra/forge/port.js';
import { parsePerson } from '../../infra/git/commit.js';
import { readTip, requireTip } from '../../infra/git/remote-refs.js';
import type { ForgeActivities, PullRequestView } from '../../workflows/contract/activities/forge.js';
import { findGitProject } from '../git/git-project.repository.js';
import type { GitDeps } from '../git/ports.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { findEpicText, findTaskText } from './forge-work.repository.js';
import { epicMarker, type PullRequestFacts, pullRequestBody, pullRequestTitle, taskMarker } from './texts.js';

interface Subject {
  readonly projectId: string;
  readonly taskId?: string;
  readonly epicId?: string;
}

/** For the shared queue. Every write reads back first, so that a repeat adopts what a lost answer left. */
export const createForgeActivities = ({ pools, forge, mirrors }: GitDeps): ForgeActivities => ({
  openPullRequest: (input) =>
    withHeartbeat(async (signal) => {
      const { projectId, headRef, headSha, baseRef } = input;
      const { facts, marker } = await describe(pools.writes, input);
      const { commitIdentity } = await findGitProject(pools.writes, projectId);
      const mirror = await mirrors.ensure(projectId, signal);
      const remote = await forge.remote(projectId);
      const baseSha = await requireTip(mirror, remote, baseRef, signal);
      const subject = { projectId, headRef, headSha, baseRef, baseSha, marker };
      const { number, url } = await forge.openPullRequest(
        {
          ...subject,
          // An epic's own pull request belongs to no task, a task's to its epic as well.
          ...(input.taskId === undefined ? {} : { taskId: input.taskId }),
          ...(input.epicId === undefined ? {} : { epicId: input.epicId }),
          title: pullRequestTitle(facts),
          body: pullRequestBody(facts, marker),
          author: parsePerson(commitIdentity).name,
        },
        signal,
      );
      const head = await readTip(mirror, remote, headRef, signal);
      return { number, url, ...(head === undefined || head === headSha ? {} : { foreignHead: head }) };
    }),

  readPullRequest: ({ projectId, number }) =>
    withHeartbeat(async (signal) => toView(await forge.readPullRequest(projectId, number, signal))),

  closePullRequest: ({ projectId, number, reason }) =>
    withHeartbeat((signal) => forge.closePullRequest(projectId, number, reason, signal)),
});

async function describe(
  db: GitDeps['pools']['writes'],
  { projectId, taskId, epicId }: Subject,
): Promise<{ readonly facts: PullRequestFacts; readonly marker: string }> {
  if (taskId === undefined && epicId === undefined)
    throw new Failure('InvalidInput', 'a pull request needs a task or an epic');
  const facts =
    taskId === undefined ? await findEpicText(db, projectId, epicId ?? '') : await findTaskText(db, projectId, taskId);
  if (facts === undefined) throw new Failure('NotFound', 'the pull request’s task or epic is unknown');
  return { facts, marker: taskId === undefined ? epicMarker(epicId ?? '') : taskMarker(taskId) };
}

const toView = ({ number, url, state, headSha, mergeCommitSha }: PullRequest): PullRequestView => ({
  number,
  url,
  state,
  headSha,
  mergeCommitSha,
});
