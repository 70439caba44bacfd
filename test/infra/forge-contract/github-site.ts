import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubForge } from '../../../infra/forge/github/github-forge.js';
import { GitHubGateReports } from '../../../infra/forge/github/github-gate-reports.js';
import type { GitHubAccessSettings } from '../../../infra/forge/github/settings.js';
import { type GitHub, startGitHub } from '../../support/github/start.js';
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

type Identify = (github: GitHub) => GitHubAccessSettings['identity'];

/** As the App, which is how a team uses it. */
const asApp: Identify = ({ app: { id: appId, privateKey, slug } }) => ({ kind: 'app', appId, privateKey, slug });

/** With a person's token, as for a first try. */
const asPerson: Identify = ({ admin }) => ({ kind: 'token', token: admin.user('millie', { [SHOP]: 'write' }).token });

const siteAs =
  (identify: Identify): OpenSite =>
  async ({ pools }) => {
    const github = await startGitHub();
    await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'zero\n' } });
    github.timing.listLagMs = LIST_LAG_MS;
    const identity = identify(github);
    const access = () => new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, pools);
    const another = (): GitHubForge => new GitHubForge({ pools, access: access() });
    const forge = another();
    const projectId = await insertGitHubProject(pools.writes, SHOP, github.url);
    await forge.prepare(projectId);
    return {
      forge,
      projectId,
      another,
      gates: {
        another: () => new GitHubGateReports({ pools, access: access() }),
        shown: (sha) => {
          const runs = github.state.checkRuns.filter(({ headSha }) => headSha === sha);
          const statuses = github.state.statuses.filter((one) => one.sha === sha);
          return [
            ...runs.map(({ name, status, conclusion, title }) => [name, conclusion ?? status, title ?? ''] as const),
            ...statuses.map(({ context, state, description }) => [context, state, description ?? ''] as const),
          ];
        },
      },
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

export const githubAppSite = siteAs(asApp);
export const githubTokenSite = siteAs(asPerson);
