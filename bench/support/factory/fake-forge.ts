import { createHash } from 'node:crypto';
import { SEQUENTIAL, TOUCHES_ALL } from '../../../domain/merge/config.js';
import type { CheckActivities } from '../../../workflows/contract/activities/checks.js';
import type { ForgeActivities } from '../../../workflows/contract/activities/forge.js';
import type {
  HostClaimActivities,
  RepositoryActivities,
  TreeActivities,
} from '../../../workflows/contract/activities/git.js';
import type { MergeActivities, MergeMember } from '../../../workflows/contract/activities/merge.js';

export const shaOf = (text: string): string => createHash('sha1').update(text).digest('hex');

/** Finds nothing wrong and takes no time: what is measured is everything around it. */
export const HOST_QUEUE = 'millwright-host-bench';

interface PullRequest {
  readonly number: number;
  readonly headRef: string;
  headSha: string;
  state: 'open' | 'merged' | 'closed';
}

/** Branches, commits and pull requests of one project, in memory. */
class FakeRepository {
  readonly branches = new Map<string, string>([['main', shaOf('main')]]);
  readonly pullRequests: PullRequest[] = [];
  private readonly parents = new Map<string, readonly string[]>();

  tip(branch: string): string {
    const sha = this.branches.get(branch);
    if (sha === undefined) throw new Error(`no branch ${branch}`);
    return sha;
  }

  commit(parents: readonly string[], what: string): string {
    const sha = shaOf([...parents, what].join(' '));
    this.parents.set(sha, parents);
    return sha;
  }

  contains(tip: string, sha: string): boolean {
    const seen = new Set<string>();
    for (const waiting = [tip]; waiting.length > 0; ) {
      const next = waiting.pop() ?? '';
      if (next === sha) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(...(this.parents.get(next) ?? []));
    }
    return false;
  }

  compose(tip: string, members: readonly MergeMember[]) {
    let commit = tip;
    for (const { headSha, entryId } of members) commit = this.commit([commit, headSha], entryId);
    // The same change on the same tip is the same tree, whoever composes it: its evidence is found again.
    const tree = shaOf(['tree', tip, ...members.map(({ headSha }) => headSha)].join(' '));
    return { parent: tip, commit, tree, parentTree: shaOf(`tree ${tip}`) };
  }
}

type FakeActivities = HostClaimActivities &
  Omit<TreeActivities, 'prepareRebase'> &
  Omit<RepositoryActivities, 'importSource' | 'inspectProject'> &
  ForgeActivities &
  MergeActivities &
  CheckActivities;

/** The forge, the trees and the checks of all projects. Every answer is what a day without trouble gives. */
export const fakeForge = (): FakeActivities => {
  const projects = new Map<string, FakeRepository>();
  const of = (projectId: string): FakeRepository => {
    const known = projects.get(projectId) ?? new FakeRepository();
    projects.set(projectId, known);
    return known;
  };
  return {
    claimHost: async () => ({ hostQueue: HOST_QUEUE, hostId: 'bench' }),
    acquireTree: async ({ projectId, ownerId, branch, at }) => ({
      treeId: ownerId.toLowerCase(),
      baseSha: at ?? of(projectId).tip(branch),
    }),
    commitRound: async ({ projectId, branch, parents, round, title }) => {
      const headSha = of(projectId).commit(parents, `${title} ${round}`);
      of(projectId).branches.set(branch, headSha);
      return { kind: 'committed', headSha, treeSha: shaOf(`tree ${headSha}`), files: ['a.txt'] };
    },
    releaseTree: async () => undefined,
    cleanHost: async () => ({ removed: 0 }),
    readTip: async ({ projectId, branch }) => ({ sha: of(projectId).branches.get(branch) ?? null }),
    createBranch: async ({ projectId, branch, from }) => {
      const sha = of(projectId).branches.get(branch) ?? of(projectId).tip(from);
      of(projectId).branches.set(branch, sha);
      return { sha };
    },
    deleteMergedBranch: async ({ projectId, branch }) => ({ deleted: of(projectId).branches.delete(branch) }),
    dropBranch: async ({ projectId, branch }) => void of(projectId).branches.delete(branch),
    dropCheckpoints: async () => undefined,
    isContained: async ({ projectId, tip, head }) => of(projectId).contains(tip, head),
    cleanRepository: async () => ({ removed: 0 }),
    openPullRequest: async ({ projectId, headRef, headSha }) => {
      const { pullRequests } = of(projectId);
      const known = pullRequests.find((one) => one.headRef === headRef);
      if (known !== undefined) known.headSha = headSha;
      else pullRequests.push({ number: pullRequests.length + 1, headRef, headSha, state: 'open' });
      return { number: known?.number ?? pullRequests.length, url: null };
    },
    readPullRequest: async ({ projectId, number }) => {
      const { state, headSha } = pullRequest(of(projectId), number);
      return { number, url: null, state, headSha, mergeCommitSha: null };
    },
    closePullRequest: async ({ projectId, number }) => {
      pullRequest(of(projectId), number).state = 'closed';
    },
    openQueue: async ({ projectId, branch }) => ({ kind: 'open', tip: of(projectId).tip(branch), cfg: SEQUENTIAL }),
    readQueueRemote: async ({ projectId, branch, tip: known }) => {
      const tip = of(projectId).branches.get(branch);
      if (tip === undefined) return { kind: 'gone', reason: 'the branch is gone' };
      return { kind: 'there', tip, moved: tip === known ? 'no' : 'forward', cfg: SEQUENTIAL };
    },
    inspectEntry: async ({ projectId, prNumber, title }) => {
      const { headSha } = pullRequest(of(projectId), prNumber);
      const score = { costIn: 51_293, costOut: 2_995_732, okPpm: 950_000, estMs: 1_000, sdMs: 100 };
      return { kind: 'ready', headSha, patchId: shaOf(`patch ${headSha}`), title, touch: TOUCHES_ALL, score };
    },
    composeCandidate: async ({ projectId, branch, tip, members, expectTip }) => {
      const now = of(projectId).tip(branch);
      if (expectTip && now !== tip) return { kind: 'tipMoved', tip: now };
      return { kind: 'composed', ...of(projectId).compose(tip, members) };
    },
    prepareLanding: async ({ projectId, tip, members }) => {
      const { commit, tree } = of(projectId).compose(tip, members);
      return { kind: 'ready', target: { base: tip, commit, tree } };
    },
    landHead: async ({ projectId, branch, target }) => {
      of(projectId).branches.set(branch, target.commit);
      return { kind: 'landed' };
    },
    checkLanding: async () => ({ kind: 'ok' }),
    markLanded: async ({ projectId, prNumber }) => {
      pullRequest(of(projectId), prNumber).state = 'merged';
    },
    sweepMergeability: async () => ({ conflicts: [] }),
    revalidatePath: async () => ({ kind: 'forget' }),
    planChecks: async ({ tree }) => ({ kind: 'planned', checks: [{ ...CHECK, key: shaOf(`check ${tree}`) }] }),
    runCheck: async () => ({ outcome: 'passed', failedTests: [], ms: 1 }),
  };
};

const CHECK = {
  name: 'test',
  needs: [],
  required: true,
  failFast: false,
  rerunsTests: false,
  timeoutMs: 60_000,
  estMs: 1_000,
} as const;

const pullRequest = ({ pullRequests }: FakeRepository, number: number): PullRequest => {
  const found = pullRequests.find((one) => one.number === number);
  if (found === undefined) throw new Error(`no pull request ${number}`);
  return found;
};
