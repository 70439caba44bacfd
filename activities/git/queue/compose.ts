import { composeCandidate as composeInMirror } from '../../../infra/git/compose.js';
import { fetchBranch } from '../../../infra/git/mirror.js';
import { requireCommits } from '../../../infra/git/mirrors.js';
import { type CommitFacts, factOf, readCommits } from '../../../infra/git/objects.js';
import type { ComposeInput, ComposeOutcome, MergeMember } from '../../../workflows/contract/activities/merge.js';
import { type MergeDeps, openProject, type QueueProject } from './project.js';

/** Tip + members, in memory: no tree, hence no index, hooks or filters. Equal input gives the equal commit. */
export async function composeCandidate(
  deps: MergeDeps,
  { projectId, branch, tip, members, expectTip }: ComposeInput,
  signal: AbortSignal,
): Promise<ComposeOutcome> {
  const opened = await openProject(deps, projectId, signal);
  const now = await fetchBranch(opened.mirror, opened.remote, branch, signal);
  if (expectTip && now !== tip) return { kind: 'tipMoved', tip: now };
  return composeOn(opened, tip, members, signal);
}

export type ComposedOn = Exclude<ComposeOutcome, { kind: 'tipMoved' }>;

export async function composeOn(
  { mirror, remote, committer }: QueueProject,
  tip: string,
  members: readonly MergeMember[],
  signal: AbortSignal,
): Promise<ComposedOn> {
  const heads = members.map((member) => member.headSha);
  await requireCommits(mirror, remote, [tip, ...heads], signal);
  const facts = await readCommits(mirror, [tip, ...heads], signal);
  const parentTree = factOf(facts, tip).tree;
  // Nothing to merge: the checks are to run on the tip itself, whose control is itself.
  if (members.length === 0) return { kind: 'composed', parent: tip, commit: tip, tree: parentTree, parentTree };
  const composed = await composeInMirror(
    mirror,
    { base: tip, committer, members: members.map((member) => withAuthor(member, factOf(facts, member.headSha))) },
    signal,
  );
  if (composed.kind === 'conflict')
    return { kind: 'conflict', entryId: composed.entryId, with: 'tip', files: composed.files };
  const { parent, commit, tree } = composed;
  return tree === parentTree ? { kind: 'empty' } : { kind: 'composed', parent, commit, tree, parentTree };
}

/** The author of a landed change is whoever wrote its head. */
const withAuthor = (member: MergeMember, { authorName: name, authorEmail: email }: CommitFacts) => ({
  ...member,
  author: { name, email },
});
