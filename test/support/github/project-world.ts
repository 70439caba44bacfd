import { join } from 'node:path';
import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubForge } from '../../../infra/forge/github/github-forge.js';
import { ProjectRepositories } from '../../../infra/git/mirrors.js';
import { temporaryHome, testGit } from '../git/repositories.js';
import type { TestDatabase } from '../postgres.js';
import { insertGitHubProject } from '../rows.js';
import { type GitHub, startGitHub } from './start.js';

export const SHOP = 'acme/shop';

/** A GitHub with one repository that is a project of ours, reached as the product reaches it. */
export interface GitHubProjectWorld {
  readonly github: GitHub;
  readonly access: GitHubAccess;
  readonly forge: GitHubForge;
  readonly mirrors: ProjectRepositories;
  readonly projectId: string;
  close(): Promise<void>;
}

export async function githubProjectWorld(database: TestDatabase): Promise<GitHubProjectWorld> {
  const home = temporaryHome();
  const github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'one\n' } });
  const { id: appId, privateKey, slug } = github.app;
  const identity = { kind: 'app', appId, privateKey, slug } as const;
  const access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, database.pools);
  const forge = new GitHubForge({ pools: database.pools, access });
  const projectId = await insertGitHubProject(database.pools.writes, SHOP, github.url);
  await forge.prepare(projectId);
  return {
    github,
    access,
    forge,
    mirrors: new ProjectRepositories(testGit(), join(home.path, 'mirrors')),
    projectId,
    close: async () => {
      home.remove();
      await database.pools.writes.query({
        text: 'UPDATE project SET archived_at = now() WHERE id = $1',
        values: [projectId],
      });
      await database.pools.writes.query({ text: 'DELETE FROM forge_limit' });
      await github.close();
    },
  };
}
