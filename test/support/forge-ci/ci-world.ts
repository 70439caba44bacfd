import { join } from 'node:path';
import { ListeningNews } from '../../../activities/checks/forge/commit-news.js';
import { planContexts } from '../../../activities/checks/forge/contexts.js';
import type { ForgeCiDeps } from '../../../activities/checks/forge/ports.js';
import { runForgeCheck } from '../../../activities/checks/forge/run-forge-check.js';
import { createEvidenceActivities } from '../../../activities/store/queue.activities.js';
import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubChecks } from '../../../infra/forge/github/github-checks.js';
import { GitHubForge } from '../../../infra/forge/github/github-forge.js';
import { composeCandidate } from '../../../infra/git/compose.js';
import { ProjectRepositories, requireCommits } from '../../../infra/git/mirrors.js';
import { type Composed, type VerifyOutcome, type VerifyPorts, verify } from '../../../workflows/checks/verify.js';
import { temporaryHome, testGit } from '../git/repositories.js';
import type { Job, JobWork } from '../github/ci/jobs.js';
import { type GitHub, startGitHub } from '../github/start.js';
import { MemoryBlobs } from '../memory-blobs.js';
import type { TestDatabase } from '../postgres.js';
import { insertGitHubProject } from '../rows.js';

export const REPO = 'acme/shop';
export const CONTEXT = 'ci / test';

/** A repository at a GitHub with a CI, and what asks that CI for verdicts; nothing sends webhooks. */
export class CiWorld {
  readonly blobs = new MemoryBlobs();
  readonly suspected: string[] = [];
  private builds = 0;

  private constructor(
    readonly github: GitHub,
    readonly deps: ForgeCiDeps & {
      readonly news: ListeningNews;
      readonly checks: GitHubChecks;
      readonly forge: GitHubForge;
    },
    readonly projectId: string,
    private readonly removeHome: () => void,
  ) {}

  static async open(database: TestDatabase): Promise<CiWorld> {
    const github = await startGitHub();
    await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'one\n' } });
    const { pools } = database;
    const { id: appId, privateKey, slug } = github.app;
    const identity = { kind: 'app', appId, privateKey, slug } as const;
    const access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, pools);
    const projectId = await insertGitHubProject(pools.writes, REPO, github.url);
    const forge = new GitHubForge({ pools, access });
    await forge.prepare(projectId);
    const home = temporaryHome();
    const blobs = new MemoryBlobs();
    const deps = {
      pools,
      checks: new GitHubChecks({ pools, access }),
      forge,
      mirrors: new ProjectRepositories(testGit(), join(home.path, 'mirrors')),
      blobs,
      news: new ListeningNews({ databaseUrl: database.url, applicationName: 'ci-test' }),
      pollMs: 50,
      timeoutMs: 60_000,
    };
    const world = new CiWorld(github, deps, projectId, home.remove);
    Object.assign(world, { blobs });
    return world;
  }

  async close(): Promise<void> {
    await this.deps.news.close();
    this.removeHome();
    await this.github.close();
    await this.deps.pools.writes.query({ text: 'DELETE FROM forge_limit' });
  }

  /** The rule that the context is required on `main`. */
  require(rule: { readonly context?: string; readonly appId?: number; readonly source?: 'protection' } = {}): void {
    const { context = CONTEXT, source = 'ruleset', ...app } = rule;
    this.github.admin.protect(REPO, { source, requiredChecks: [{ context, ...app }] });
  }

  /** A CI that runs on candidates only. */
  install(decide: Extract<JobWork, { kind: 'script' }>['decide'], name = CONTEXT): void {
    const jobs: readonly Job[] = [{ name, work: { kind: 'script', decide } }];
    this.github.ci.install({ repository: REPO, branches: ['millwright-queue/**'], jobs });
  }

  /** A merge into `main` as the queue composes it, which is nowhere but in the mirror. */
  async composed(): Promise<Composed> {
    const { commit: headSha, parent: base } = await this.candidate();
    const { mirrors, forge } = this.deps;
    const mirror = await mirrors.ensure(this.projectId);
    await requireCommits(mirror, await forge.remote(this.projectId), [base, headSha]);
    const author = { name: 'Rita', email: 'rita@example.org' };
    const member = { entryId: 'entry-1', headSha, title: 'A change', prNumber: 1, author };
    const composed = await composeCandidate(mirror, { base, members: [member], committer: author });
    if (composed.kind !== 'composed') throw new Error(composed.kind);
    const { commit, parent, tree } = composed;
    return { commit, parent, tree, parentTree: await this.treeOf(base) };
  }

  /** A commit on `main` that no CI has looked at. */
  async candidate(content = 'two\n'): Promise<Composed> {
    const parent = (await this.github.people.tip(REPO)) ?? '';
    const branch = `work-${++this.builds}`;
    const files = { 'a.txt': content };
    const commit = await this.github.people.push({ repository: REPO, branch, files, parent, by: 'rita' });
    return { parent, commit, parentTree: await this.treeOf(parent), tree: await this.treeOf(commit) };
  }

  /** One build of the real driver. */
  verify(
    at: Composed,
    options: { readonly lastAttempt?: boolean; readonly deps?: ForgeCiDeps } = {},
  ): Promise<VerifyOutcome> {
    const { lastAttempt = false, deps = this.deps } = options;
    return verify(this.ports(at, deps), { base: at.parent, lastAttempt });
  }

  async refs(): Promise<readonly string[]> {
    const listed = await this.github.people.git(
      REPO,
      'for-each-ref',
      '--format=%(refname)',
      'refs/heads/millwright-queue',
    );
    return listed.split('\n').filter(Boolean);
  }

  private ports(at: Composed, deps: ForgeCiDeps): VerifyPorts {
    const { projectId } = this;
    const buildId = `build-${++this.builds}`;
    const evidence = createEvidenceActivities(deps);
    const { signal } = new AbortController();
    return {
      compose: async () => ({ kind: 'composed', ...at }),
      planChecks: async ({ tree }) => ({ kind: 'planned', checks: await planContexts(deps, { projectId, tree }, []) }),
      lookUpEvidence: (keys) => evidence.lookUpEvidence({ projectId, keys }),
      storeEvidence: (record) => evidence.storeEvidence({ projectId, record: { ...record, buildId } }),
      voidEvidence: (keys, reason) => evidence.voidEvidence({ projectId, keys, reason }),
      suspect: async ({ name }) => void this.suspected.push(name),
      stopRunning: () => undefined,
      runCheck: (input) => runForgeCheck(deps, { projectId, buildId, ...input }, signal),
    };
  }

  private async treeOf(commit: string): Promise<string> {
    return (await this.github.people.git(REPO, 'rev-parse', `${commit}^{tree}`)).trim();
  }
}
