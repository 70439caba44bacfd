import { createHash } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import type { Octokit } from '@octokit/rest';
import { Failure, type FailureType } from '../../../domain/failures.js';
import { type ForgePriority, GITHUB_RATES, type RateRules } from '../../../domain/forge/rate.js';
import type { GitAccess, GitCredential } from '../../git/credential.js';
import type { Pools } from '../../pg/pools.js';
import { ForgeLimiter } from '../limiter.js';
import { AppJwt } from './app-jwt.js';
import { type Authorise, createClient } from './client.js';
import { IssuedTokens } from './issued-tokens.js';
import { RememberedAnswers } from './remembered-answers.js';
import type { GitHubAccessSettings, KnownRepository, Permissions, RepositoryName } from './settings.js';

/** How a token is refused for an installation that is gone, or lost the repository. */
const ELSEWHERE: readonly FailureType[] = ['NotFound', 'InvalidInput'];

export interface ClientFor {
  readonly permissions: Permissions;
  readonly priority: ForgePriority;
}

/**
 * Who may do what at GitHub, for one process. With an App each operation gets a token for one repository and the least
 * permissions, kept in memory and fetched anew before it expires; a person's token is what it is.
 */
export class GitHubAccess {
  private readonly limiter: ForgeLimiter;
  private readonly remembered = new RememberedAnswers();
  private readonly issued: IssuedTokens;
  private readonly installations = new Map<string, number>();
  private ownLogin: string | undefined;
  private readonly appJwt: AppJwt | undefined;
  private readonly appAuth: ReturnType<typeof createAppAuth> | undefined;

  constructor(
    private readonly settings: GitHubAccessSettings,
    pools: Pools,
    rules: RateRules = GITHUB_RATES,
  ) {
    this.limiter = new ForgeLimiter(pools, rules);
    const { identity } = settings;
    if (identity.kind === 'token') {
      this.issued = new IssuedTokens();
      return;
    }
    const { appId, privateKey } = identity;
    const appJwt = new AppJwt(appId, privateKey);
    this.appJwt = appJwt;
    this.issued = new IssuedTokens(appJwt.nowMs);
    this.appAuth = createAppAuth({
      appId,
      createJwt: async () => appJwt.make(),
      request: this.bareClient(`app/${appId}`, this.asApp).request,
      cache: this.issued,
    });
  }

  get webUrl(): string {
    return this.settings.webUrl;
  }

  /** For one operation on one repository. */
  async client(repository: KnownRepository, { permissions, priority }: ClientFor): Promise<Octokit> {
    const scope = await this.scopeOf(repository);
    const authorise: Authorise = async (refused) =>
      `token ${await this.token(repository, permissions, refused !== undefined)}`;
    return this.bareClient(scope, authorise, priority);
  }

  /** Number of the App's installation that covers the repository; null with a person's token. */
  async installation(name: RepositoryName): Promise<number | null> {
    return this.settings.identity.kind === 'app' ? await this.installationOf(name) : null;
  }

  /** Who our comments and pull requests are from. */
  async login(name: RepositoryName): Promise<string> {
    this.ownLogin ??= await this.readLogin(name);
    return this.ownLogin;
  }

  /** As the App itself: its installations and the deliveries of its webhook. Undefined with a person's token. */
  appClient(): Octokit | undefined {
    const { identity } = this.settings;
    if (identity.kind !== 'app') return undefined;
    return this.bareClient(`app/${identity.appId}`, this.asApp);
  }

  /** What git may ask the host for, over this repository's address. `isRefused`: the host took the last one for none. */
  async gitCredential(repository: KnownRepository, access: GitAccess, isRefused = false): Promise<GitCredential> {
    return { username: 'x-access-token', password: await this.token(repository, { contents: access }, isRefused) };
  }

  /** Tells the forge to forget every token of this process. The first failure is answered after all were tried. */
  async revokeAll(): Promise<void> {
    const revoked = await Promise.allSettled(
      this.issued.drain().map(async (token) => {
        const client = this.bareClient(`app/revoke`, async () => `token ${token}`);
        await client.rest.apps.revokeInstallationAccessToken();
      }),
    );
    for (const one of revoked) if (one.status === 'rejected') throw one.reason;
  }

  private bareClient(scope: string, authorise?: Authorise, priority: ForgePriority = 'landing'): Octokit {
    const { limiter, remembered } = this;
    const { apiUrl } = this.settings;
    return createClient({ apiUrl, scope, priority, limiter, remembered, ...(authorise ? { authorise } : {}) });
  }

  private async scopeOf(name: RepositoryName): Promise<string> {
    const { identity } = this.settings;
    if (identity.kind === 'app') return `installation/${await this.installationOf(name)}`;
    return `token/${createHash('sha256').update(identity.token).digest('hex').slice(0, 12)}`;
  }

  private async token(repository: KnownRepository, permissions: Permissions, refresh = false): Promise<string> {
    const { identity } = this.settings;
    if (identity.kind === 'token') return identity.token;
    const { appAuth } = this;
    if (appAuth === undefined) throw new Failure('Internal', 'An App has no authentication.');
    const { repo, repositoryId } = repository;
    const ask = async (installationId: number, anew: boolean): Promise<string> => {
      const { token } = await appAuth({
        type: 'installation',
        installationId,
        // A token cannot be asked for by a name that the repository had once.
        ...(typeof repositoryId === 'number' ? { repositoryIds: [repositoryId] } : { repositoryNames: [repo] }),
        permissions,
        refresh: anew,
      });
      return token;
    };
    const installationId = await this.installationOf(repository);
    try {
      return await ask(installationId, refresh);
    } catch (error) {
      if (!(error instanceof Failure) || !ELSEWHERE.includes(error.type)) throw error;
      // The App may have been taken off and installed again, which gives it another number.
      const found = await this.lookUpInstallation(repository);
      if (found === installationId) throw error;
      return await ask(found, true);
    }
  }

  /** @throws NotFound when the App is not installed there */
  private async installationOf({ owner, repo }: RepositoryName): Promise<number> {
    const key = `${owner}/${repo}`.toLowerCase();
    const known = this.installations.get(key);
    if (known !== undefined) return known;
    return await this.lookUpInstallation({ owner, repo });
  }

  private async lookUpInstallation({ owner, repo }: RepositoryName): Promise<number> {
    const key = `${owner}/${repo}`.toLowerCase();
    this.installations.delete(key);
    try {
      const { data } = await (this.appClient() as Octokit).rest.apps.getRepoInstallation({ owner, repo });
      this.installations.set(key, data.id);
      return data.id;
    } catch (error) {
      if (!(error instanceof Failure) || error.type !== 'NotFound') throw error;
      const words = `the App is not installed on ${owner}/${repo}, or there is no such repository`;
      throw new Failure('NotFound', words, { reason: 'NOT_INSTALLED' }, { cause: error });
    }
  }

  private async readLogin(name: RepositoryName): Promise<string> {
    const { identity } = this.settings;
    if (identity.kind === 'app' && identity.slug !== undefined) return `${identity.slug}[bot]`;
    const app = this.appClient();
    if (app !== undefined) return `${(await app.rest.apps.getAuthenticated()).data?.slug ?? ''}[bot]`;
    const client = await this.client(name, { permissions: {}, priority: 'state' });
    return (await client.rest.users.getAuthenticated()).data.login;
  }

  /** A refusal may mean that this host's clock is wrong: its date is what the next one goes by. */
  private readonly asApp: Authorise = async (refused) => {
    if (refused !== undefined) this.appJwt?.heard(refused.date);
    return `bearer ${this.appJwt?.make().jwt ?? ''}`;
  };
}
