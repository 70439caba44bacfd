import { randomUUID } from 'node:crypto';
import { createMergeActivities } from '../../../activities/git/merge.activities.js';
import { createEvidenceActivities, createQueueStoreActivities } from '../../../activities/store/queue.activities.js';
import { treeOf } from '../../../infra/git/objects.js';
import type { MergeMember, QueueEntryRecord } from '../../../workflows/contract/activities/merge.js';
import { activityWorld, asAttempt } from '../git/activity-world.js';
import type { TestDatabase } from '../postgres.js';

/** A project with a base branch on the local forge, and authors who push branches and open pull requests. */
export async function landingWorld(database: TestDatabase) {
  const world = await activityWorld(database);
  const { source, deps, forge, projectId } = world;
  const base = source.commit('first', { 'a.txt': lines('a'), 'b.txt': lines('b'), 'c.py': 'def f():\n    return 1\n' });
  await asAttempt(1, world.repository.importSource, { projectId });
  const remote = await forge.remote(projectId);
  const evidence = createEvidenceActivities(deps);
  const at = { projectId, branch: 'main' };
  const push = (sha: string, branch: string): void => {
    source.git('push', '-q', '--force', remote.url, `${sha}:refs/heads/${branch}`);
  };
  let invalid: string | undefined;
  return {
    ...world,
    /** From now on nobody can say which checks the tree needs. */
    breakPlan: (message: string) => {
      invalid = message;
    },
    base,
    at,
    evidence,
    store: createQueueStoreActivities(deps),
    merge: createMergeActivities({
      ...deps,
      // One required check over the whole tree.
      planChecks: async ({ tree }) => {
        if (invalid !== undefined) return { kind: 'invalid', message: invalid };
        return {
          kind: 'planned',
          checks: [
            {
              name: 'test',
              key: `key ${tree}`,
              needs: [],
              required: true,
              failFast: false,
              rerunsTests: false,
              timeoutMs: 1,
              estMs: 1,
            },
            {
              name: 'docs',
              key: `docs ${tree}`,
              needs: [],
              required: false,
              failFast: false,
              rerunsTests: false,
              timeoutMs: 1,
              estMs: 1,
            },
          ],
        };
      },
    }),
    push,
    /** The outsider's clone learns what is on the base. */
    fetch: () => source.git('fetch', '-q', remote.url, 'main'),
    /** A branch with these changes on top of `on`, and its pull request. */
    open: async (name: string, files: Record<string, string | null>, on = base): Promise<MergeMember> => {
      const headSha = source.commitOn(on, name, files);
      const headRef = `millwright/${name}`;
      push(headSha, headRef);
      const pr = await forge.openPullRequest({
        projectId,
        headRef,
        headSha,
        baseRef: 'main',
        baseSha: on,
        title: name,
        body: name,
        marker: name,
        author: 'millwright',
      });
      return { entryId: randomUUID(), prNumber: pr.number, headRef, headSha, title: name };
    },
    say: (tree: string, outcome: 'passed' | 'failed' = 'passed') =>
      evidence.storeEvidence({
        projectId,
        record: {
          key: `key ${tree}`,
          check: 'test',
          tree,
          outcome,
          flakyTests: [],
          failedTests: [],
          buildId: 'b',
          ms: 1,
        },
      }),
    treeOf: async (commit: string) => treeOf(await deps.mirrors.ensure(projectId), commit),
    mirror: () => deps.mirrors.ensure(projectId),
  };
}
export type LandingWorld = Awaited<ReturnType<typeof landingWorld>>;

export const recordOf = (member: MergeMember, more: Partial<QueueEntryRecord> = {}): QueueEntryRecord => ({
  entryId: member.entryId,
  prNumber: member.prNumber,
  owner: 'task/1',
  title: member.title,
  headRef: member.headRef,
  headSha: member.headSha,
  patchId: 'p',
  seq: 1,
  priority: 1,
  fixesBase: false,
  state: 'queued',
  enqueuedBy: 'tester',
  enqueuedAt: '2026-11-21T00:00:00.000Z',
  ...more,
});

/** Ten lines, so that changes far apart merge. */
export const lines = (word: string, changed: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: 10 }, (_, n) => `${changed[n] ?? `${word} ${n}`}\n`).join('');
