import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubForge } from '../../../infra/forge/github/github-forge.js';
import { startGitHub } from '../../support/github/start.js';
import { insertGitHubProject } from '../../support/rows.js';
import type { OpenSite } from './site.js';

const SHOP = 'acme/shop';

/** Lists show what is new a moment late: later than anything that a test does without waiting for it. */
const LIST_LAG_MS = 60_000;

const REQUESTS = {
  opened: { method: 'POST', path: /\/pulls$/ },
  said: { method: 'POST', path: /\/comments$/ },
  closed: { method: 'PATCH', path: /\/pulls\/\d+$/ },
} as const;

/** As the App, which is how a team uses it. */
export const githubSite: OpenSite = async ({ pools }) => {
  const github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'zero\n' } });
  github.timing.listLagMs = LIST_LAG_MS;
  const { id: appId, privateKey, slug } = github.app;
  const identity = { kind: 'app', appId, privateKey, slug } as const;
  const another = (): GitHubForge => {
    const access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, pools);
    return new GitHubForge({ pools, access });
  };
  const forge = another();
  const projectId = await insertGitHubProject(pools.writes, SHOP, github.url);
  await forge.prepare(projectId);
  return {
    forge,
    projectId,
    another,
    losing: async (answer, work) => {
      github.faults.add({ ...REQUESTS[answer], act: { kind: 'apply-then-cut' } });
      return await work();
    },
    openByStranger: async (head, base) => {
      await github.people.openPullRequest({ repository: SHOP, head, base, title: 'Mine', by: 'rita' });
    },
    change: async (number, { draft, label }) => {
      const at = { repository: SHOP, number };
      if (draft !== undefined) await github.people.setDraft({ ...at, isDraft: draft });
      if (label !== undefined) await github.people.label({ ...at, name: label });
    },
    wordsOn: async (number) => {
      const comments = github.state.comments.filter(({ issueNumber }) => issueNumber === number);
      return comments.map(({ body }) => body).join('\n');
    },
    wait: async () => github.clock.advance(LIST_LAG_MS),
    close: async () => {
      await pools.writes.query({ text: 'DELETE FROM forge_limit' });
      await github.close();
    },
  };
};
