import type { CheckRun, CheckSuite, CommitStatus } from './checks.js';
import type { Account, App, Comment, Installation, Issue, Pull, Repository, Token } from './records.js';

export type PullRequest = Issue & { readonly pull: Pull };

export const isPullRequest = (issue: Issue): issue is PullRequest => issue.pull !== null;

export const fullNameOf = (repository: Repository): string => `${repository.owner}/${repository.name}`;

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Everything that exists on the server, newest last. */
export class State {
  readonly accounts: Account[] = [];
  readonly apps: App[] = [];
  readonly installations: Installation[] = [];
  readonly tokens: Token[] = [];
  readonly repositories: Repository[] = [];
  /** Pull requests too. */
  readonly issues: Issue[] = [];
  readonly comments: Comment[] = [];
  readonly suites: CheckSuite[] = [];
  readonly checkRuns: CheckRun[] = [];
  readonly statuses: CommitStatus[] = [];
  /** Members of teams: `org/slug` to logins. */
  readonly teams = new Map<string, string[]>();
  /** What a repository was called before, lower case, to its id. */
  readonly formerNames = new Map<string, number>();
  private lastId = 1_000;

  nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  account(login: string): Account | undefined {
    return this.accounts.find((one) => isSame(one.login, login));
  }

  app(slug: string): App | undefined {
    return this.apps.find((one) => one.slug === slug);
  }

  repository(owner: string, name: string): Repository | undefined {
    return this.repositories.find((one) => isSame(one.owner, owner) && isSame(one.name, name));
  }

  /** @throws when tests name one that does not exist */
  repositoryNamed(fullName: string): Repository {
    const [owner = '', name = ''] = fullName.split('/');
    const found = this.repository(owner, name);
    if (found === undefined) throw new Error(`No repository ${fullName}`);
    return found;
  }

  repositoryById(id: number): Repository {
    const found = this.repositories.find((one) => one.id === id);
    if (found === undefined) throw new Error(`No repository ${id}`);
    return found;
  }

  issue(repositoryId: number, number: number): Issue | undefined {
    return this.issues.find((one) => one.repositoryId === repositoryId && one.number === number);
  }

  pullRequests(repositoryId: number): PullRequest[] {
    return this.issues.filter((one) => one.repositoryId === repositoryId).filter(isPullRequest);
  }

  commentsOf(issue: Issue): Comment[] {
    return this.comments.filter((one) => one.repositoryId === issue.repositoryId && one.issueNumber === issue.number);
  }

  /** The App's installation that reaches the repository. */
  installationOn(repository: Repository, appId: number): Installation | undefined {
    return this.installations.find(
      (one) =>
        one.appId === appId &&
        isSame(one.accountLogin, repository.owner) &&
        (one.repositoryIds === undefined || one.repositoryIds.includes(repository.id)),
    );
  }

  runsOfSuite(suiteId: number): CheckRun[] {
    return this.checkRuns.filter((one) => one.suiteId === suiteId);
  }
}
