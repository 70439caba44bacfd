import { join } from 'node:path';
import { install, tellInstallation } from './acts/apps.js';
import { issuePersonalToken } from './auth/tokens.js';
import { movingRefs } from './git/after-push.js';
import { git } from './git/run.js';
import { createBareRepository } from './git/store.js';
import { type Json, renderUser } from './render/account.js';
import type { Account, App, BranchRule, Installation, Permissions, Repository, Role } from './state/records.js';
import { emit } from './webhooks/emit.js';
import { tellPull } from './webhooks/happenings.js';
import type { World } from './world.js';

export interface NewRepository {
  readonly owner: string;
  readonly name: string;
  /** Default `{ 'README.md': … }`. */
  readonly files?: Readonly<Record<string, string>>;
  /** A bundle, or a repository on this machine, whose branches and tags it starts with. */
  readonly bundle?: string;
  /** Default `main`. */
  readonly defaultBranch?: string;
  /** Default false: private. */
  readonly isPublic?: boolean;
  /** Default true. */
  readonly hasApp?: boolean;
}

export interface Person {
  readonly login: string;
  /** A personal token. */
  readonly token: string;
}

/** What owners and administrators arrange. */
export class Administration {
  constructor(
    private readonly world: World,
    private readonly directory: string,
    /** The App that new repositories get. */
    readonly app: App,
  ) {}

  async createRepository(input: NewRepository): Promise<Repository> {
    const { state, clock } = this.world;
    const { owner, name, files, bundle, defaultBranch = 'main' } = input;
    if (state.account(owner) === undefined) this.account(owner, 'Organization');
    const directory = join(this.directory, owner, `${name}.git`);
    const content = files ?? { 'README.md': `# ${name}\n` };
    await createBareRepository({
      directory,
      defaultBranch,
      ...(bundle === undefined ? { files: content } : { bundle }),
    });
    const repository: Repository = {
      id: state.nextId(),
      owner,
      name,
      isPrivate: input.isPublic !== true,
      defaultBranch,
      directory,
      createdAt: clock.at(),
      pushedAt: clock.at(),
      isArchived: false,
      hasBranchRules: true,
      roles: {},
      rules: [],
      formerBranches: new Map(),
      labels: [],
      lastNumber: 0,
    };
    state.repositories.push(repository);
    const isInstalled = state.installationOn(repository, this.app.id) !== undefined;
    if (input.hasApp !== false && !isInstalled) install(this.world, { app: this.app, accountLogin: owner });
    return repository;
  }

  /** A person with a token; with a role in repositories if asked. Called again, it adds roles. */
  user(login: string, roles: Readonly<Record<string, Role>> = {}): Person {
    if (this.world.state.account(login) === undefined) this.account(login, 'User');
    for (const [fullName, role] of Object.entries(roles)) {
      this.world.state.repositoryNamed(fullName).roles[login] = role;
    }
    return { login, token: issuePersonalToken(this.world, login).value };
  }

  team(org: string, slug: string, members: readonly string[]): void {
    this.world.state.teams.set(`${org}/${slug}`, [...members]);
  }

  /** Adds a rule for branches; an empty list before it: `repository.rules = []`. */
  protect(fullName: string, rule: Partial<BranchRule> = {}): void {
    const repository = this.world.state.repositoryNamed(fullName);
    repository.rules.push({ pattern: repository.defaultBranch, source: 'protection', ...rule });
  }

  unprotect(fullName: string): void {
    this.world.state.repositoryNamed(fullName).rules = [];
  }

  rename(fullName: string, name: string): void {
    const { repository, from } = this.moved(fullName, { name });
    const changes = { repository: { name: { from: from.name } } };
    this.tell('renamed', repository, { changes });
  }

  transfer(fullName: string, owner: string): void {
    const { repository, from } = this.moved(fullName, { owner });
    const changes = { owner: { from: { user: renderUser(this.world, from.owner) } } };
    this.tell('transferred', repository, { changes });
  }

  /** On the page of branches: open pull requests to it and rules that name it follow, those from it are closed. */
  async renameBranch(fullName: string, from: string, to: string): Promise<void> {
    const repository = this.world.state.repositoryNamed(fullName);
    const by = { repository, login: repository.owner };
    const pulls = this.world.state.pullRequests(repository.id).filter((one) => one.pull.baseRef === from);
    const isDefault = repository.defaultBranch === from;
    await movingRefs(this.world, by, async () => {
      for (const { pull } of pulls) pull.baseRef = to;
      await git(repository.directory, ['branch', '-m', from, to]);
      repository.rules = repository.rules.map((rule) => (rule.pattern === from ? { ...rule, pattern: to } : rule));
      repository.formerBranches.set(from, to);
      if (!isDefault) return;
      await git(repository.directory, ['symbolic-ref', 'HEAD', `refs/heads/${to}`]);
      repository.defaultBranch = to;
    });
    for (const issue of pulls.filter((one) => one.state === 'open')) {
      const changes = { base: { ref: { from }, sha: { from: issue.pull.baseSha } } };
      await tellPull(this.world, 'edited', issue, by, { changes });
    }
    if (isDefault) this.tell('edited', repository, { changes: { default_branch: { from } } });
  }

  async renameDefaultBranch(fullName: string, to: string): Promise<void> {
    await this.renameBranch(fullName, this.world.state.repositoryNamed(fullName).defaultBranch, to);
  }

  /** Makes another branch the default one; nothing follows it. */
  async setDefaultBranch(fullName: string, to: string): Promise<void> {
    const repository = this.world.state.repositoryNamed(fullName);
    const from = repository.defaultBranch;
    await git(repository.directory, ['symbolic-ref', 'HEAD', `refs/heads/${to}`]);
    repository.defaultBranch = to;
    this.tell('edited', repository, { changes: { default_branch: { from } } });
  }

  archive(fullName: string): void {
    const repository = this.world.state.repositoryNamed(fullName);
    repository.isArchived = true;
    this.tell('archived', repository);
  }

  unarchive(fullName: string): void {
    const repository = this.world.state.repositoryNamed(fullName);
    repository.isArchived = false;
    this.tell('unarchived', repository);
  }

  deleteRepository(fullName: string): void {
    const { state } = this.world;
    const repository = state.repositoryNamed(fullName);
    this.tell('deleted', repository);
    state.repositories.splice(state.repositories.indexOf(repository), 1);
  }

  /** The App's installation on the owner of a repository. */
  installation(fullName: string): Installation {
    const found = this.world.state.installationOn(this.world.state.repositoryNamed(fullName), this.app.id);
    if (found === undefined) throw new Error(`No installation on ${fullName}`);
    return found;
  }

  /** What the owner took away or gave later. */
  changeInstallation(
    fullName: string,
    change: { readonly permissions?: Permissions; readonly isSuspended?: boolean },
  ): void {
    const installation = this.installation(fullName);
    if (change.permissions !== undefined) installation.permissions = change.permissions;
    if (change.isSuspended === undefined) return;
    installation.suspendedAt = change.isSuspended ? this.world.clock.at() : null;
    tellInstallation(this.world, change.isSuspended ? 'suspend' : 'unsuspend', installation);
  }

  uninstall(fullName: string): void {
    const { installations } = this.world.state;
    const installation = this.installation(fullName);
    tellInstallation(this.world, 'deleted', installation);
    installations.splice(installations.indexOf(installation), 1);
  }

  /** The App again, on the same owner: with another number than before. */
  reinstall(fullName: string): void {
    const { owner } = this.world.state.repositoryNamed(fullName);
    install(this.world, { app: this.app, accountLogin: owner });
  }

  private moved(
    fullName: string,
    to: { readonly owner?: string; readonly name?: string },
  ): { readonly repository: Repository; readonly from: { readonly owner: string; readonly name: string } } {
    const repository = this.world.state.repositoryNamed(fullName);
    const from = { owner: repository.owner, name: repository.name };
    this.world.state.formerNames.set(fullName.toLowerCase(), repository.id);
    Object.assign(repository, to);
    return { repository, from };
  }

  private tell(action: string, repository: Repository, fields: Json = {}): void {
    emit(this.world, { event: 'repository', action, repository, login: repository.owner, fields });
  }

  private account(login: string, type: Account['type']): void {
    this.world.state.accounts.push({ id: this.world.state.nextId(), login, type });
  }
}
