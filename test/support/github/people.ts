import { addComment, editComment } from './acts/comments.js';
import { changeIssue, openIssue } from './acts/issues.js';
import { addLabels, removeLabel } from './acts/labels.js';
import { merge } from './acts/merge.js';
import { openPull } from './acts/pulls.js';
import { review } from './acts/reviews.js';
import { movingRefs } from './git/after-push.js';
import { readRefs } from './git/read.js';
import { git } from './git/run.js';
import { writeCommit } from './git/write.js';
import type { Comment, Issue, Repository, Review } from './state/records.js';
import { isPullRequest, type PullRequest } from './state/state.js';
import { tellPull, tellRun, tellSuite } from './webhooks/happenings.js';
import type { World } from './world.js';

/** `owner/name`, and who does it; default: the repository's owner. */
export interface At {
  readonly repository: string;
  readonly by?: string;
}

export interface AtIssue extends At {
  readonly number: number;
}

export interface Push extends At {
  readonly branch: string;
  /** Null removes a file. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message?: string;
  /** Default: the branch's tip, or the default branch's. Another commit makes it a force push. */
  readonly parent?: string;
  /** Refused unless the branch is here, as by `--force-with-lease`. */
  readonly expecting?: string;
}

/** What people do on the pages of GitHub, or with git, past all rules. */
export class People {
  constructor(private readonly world: World) {}

  openIssue(
    at: At & { readonly title: string; readonly body?: string; readonly labels?: readonly string[] },
  ): Promise<Issue> {
    const { repository, login } = this.place(at);
    const { title, body = null, labels = [] } = at;
    return openIssue(this.world, repository, { login, viaApp: null }, { title, body, labels });
  }

  async editIssue(at: AtIssue & { readonly title?: string; readonly body?: string }): Promise<void> {
    const { repository, issue, login } = this.issueAt(at);
    const { title, body } = at;
    const change = { ...(title === undefined ? {} : { title }), ...(body === undefined ? {} : { body }) };
    await changeIssue(this.world, repository, { issue, login }, change);
  }

  async closeIssue(at: AtIssue): Promise<void> {
    const { repository, issue, login } = this.issueAt(at);
    await changeIssue(this.world, repository, { issue, login }, { state: 'closed' });
  }

  async reopenIssue(at: AtIssue): Promise<void> {
    const { repository, issue, login } = this.issueAt(at);
    await changeIssue(this.world, repository, { issue, login }, { state: 'open' });
  }

  /** A pull request is closed as an issue is. */
  closePullRequest(at: AtIssue): Promise<void> {
    return this.closeIssue(at);
  }

  comment(at: AtIssue & { readonly body: string }): Comment {
    const { repository, issue, login } = this.issueAt(at);
    return addComment(this.world, repository, issue, { login, viaApp: null, body: at.body });
  }

  editComment(at: At & { readonly id: number; readonly body: string }): void {
    const { repository, login } = this.place(at);
    const comment = this.world.state.comments.find((one) => one.id === at.id);
    if (comment === undefined) throw new Error(`No comment ${at.id}`);
    editComment(this.world, repository, comment, { body: at.body, login });
  }

  async label(at: AtIssue & { readonly name: string }): Promise<void> {
    const { repository, issue, login } = this.issueAt(at);
    await addLabels(this.world, repository, { issue, login }, [at.name]);
  }

  async unlabel(at: AtIssue & { readonly name: string }): Promise<void> {
    const { repository, issue, login } = this.issueAt(at);
    await removeLabel(this.world, repository, { issue, login }, at.name);
  }

  openPullRequest(
    at: At & {
      readonly title: string;
      readonly head: string;
      readonly base?: string;
      readonly body?: string;
      readonly isDraft?: boolean;
    },
  ): Promise<PullRequest> {
    const { repository, login } = this.place(at);
    const { title, head, base = repository.defaultBranch, body = null, isDraft = false } = at;
    return openPull(this.world, repository, { login, viaApp: null }, { title, head, base, body, isDraft });
  }

  /** The page's button, which REST has not. */
  async setDraft(at: AtIssue & { readonly isDraft: boolean }): Promise<void> {
    const { repository, issue, login } = this.issueAt(at);
    if (!isPullRequest(issue)) throw new Error(`#${at.number} is no pull request`);
    issue.pull.isDraft = at.isDraft;
    await tellPull(this.world, at.isDraft ? 'converted_to_draft' : 'ready_for_review', issue, { repository, login });
  }

  review(at: AtIssue & { readonly state: Review['state']; readonly body?: string }): Review {
    const { repository, issue, login } = this.issueAt(at);
    if (!isPullRequest(issue)) throw new Error(`#${at.number} is no pull request`);
    return review(this.world, repository, issue, {
      actor: { login, viaApp: null },
      state: at.state,
      body: at.body ?? '',
    });
  }

  /** "Re-run" at one check run of an App. */
  askForCheckAgain(at: At & { readonly id: number }): void {
    const run = this.world.state.checkRuns.find((one) => one.id === at.id);
    if (run === undefined) throw new Error(`No check run ${at.id}`);
    tellRun(this.world, 'rerequested', run, this.place(at));
  }

  /** "Re-run all checks" of a commit, which each App hears for its own. */
  async askForChecksAgain(at: At & { readonly sha: string }): Promise<void> {
    const by = this.place(at);
    for (const suite of this.world.state.suites.filter(({ headSha }) => headSha === at.sha))
      await tellSuite(this.world, 'rerequested', suite, by);
  }

  /** By the button, past no rule. */
  merge(at: AtIssue & { readonly method?: 'merge' | 'squash' | 'rebase' }): Promise<string> {
    const { repository, issue, login } = this.issueAt(at);
    if (!isPullRequest(issue)) throw new Error(`#${at.number} is no pull request`);
    return merge(this.world, repository, issue, { actor: { login, viaApp: null }, method: at.method ?? 'merge' });
  }

  /** A commit on a branch, which begins at the default branch if it is new; with `parent`, a force push. Answers its sha. */
  push(at: Push): Promise<string> {
    const { repository, login } = this.place(at);
    const { branch, files, message = 'A push' } = at;
    return movingRefs(this.world, { repository, login }, async () => {
      const refs = await readRefs(repository.directory);
      const tip = refs.get(`refs/heads/${branch}`);
      if (at.expecting !== undefined && at.expecting !== tip) throw new Error(`stale info: ${branch} is at ${tip}`);
      const parent = at.parent ?? tip ?? refs.get(`refs/heads/${repository.defaultBranch}`);
      const from = parent === undefined ? {} : { parent };
      return writeCommit(repository.directory, { branch, files, message, authorName: login, ...from });
    });
  }

  /** Moves a branch to a commit that exists, or makes it; null deletes it. */
  async moveBranch(at: At & { readonly branch: string; readonly to: string | null }): Promise<void> {
    const { repository, login } = this.place(at);
    const ref = `refs/heads/${at.branch}`;
    const args = at.to === null ? ['update-ref', '-d', ref] : ['update-ref', ref, at.to];
    await movingRefs(this.world, { repository, login }, () => git(repository.directory, args));
  }

  /** Where a branch is. */
  async tip(repository: string, branch?: string): Promise<string | undefined> {
    const found = this.world.state.repositoryNamed(repository);
    return (await readRefs(found.directory)).get(`refs/heads/${branch ?? found.defaultBranch}`);
  }

  /** Any reading git command on the server's own copy. */
  git(repository: string, ...args: readonly string[]): Promise<string> {
    return git(this.world.state.repositoryNamed(repository).directory, args);
  }

  private place({ repository, by }: At): { readonly repository: Repository; readonly login: string } {
    const found = this.world.state.repositoryNamed(repository);
    return { repository: found, login: by ?? found.owner };
  }

  private issueAt(at: AtIssue): { readonly repository: Repository; readonly login: string; readonly issue: Issue } {
    const { repository, login } = this.place(at);
    const issue = this.world.state.issue(repository.id, at.number);
    if (issue === undefined) throw new Error(`No #${at.number} in ${at.repository}`);
    return { repository, login, issue };
  }
}
