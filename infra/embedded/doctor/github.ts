import { Failure } from '../../../domain/failures.js';
import type { Config, GithubCredentials } from '../../config.js';
import { errorMessage } from '../../errors.js';
import { type AppAccount, type GitHubAccount, readAccount } from '../../forge/github/account.js';
import { clientOf } from '../../forge/github/direct-client.js';
import { createPools } from '../../pg/pools.js';
import { runningDatabaseUrl } from '../database-url.js';
import { readStackFacts } from '../stack-file.js';
import { advised, type Check, failed, passed } from './check.js';

/** GitHub takes a signed claim that lies so far in the future at most. */
const MOST_AHEAD_MS = 60_000;
const MOST_PROJECTS = 50;

/** What opens GitHub, which is read when it is looked at: it may be what is wrong. */
export type ReadCredentials = () => GithubCredentials | undefined;

/** The looks at GitHub, in the order in which they are shown. All share one reading of the account. */
export function gitHubLooks(config: Config, read: ReadCredentials): Readonly<Record<string, () => Promise<Check>>> {
  let account: GitHubAccount | undefined;
  return {
    github: async () => {
      const credentials = read();
      if (credentials === undefined) return passed('github', 'not connected, which is fine');
      let aheadMs = 0;
      const onClock = (ms: number): void => {
        aheadMs = ms;
      };
      try {
        account = await readAccount(credentials, { apiUrl: config.github.apiUrl, onClock });
      } catch (error) {
        return refusal(error, credentials, aheadMs);
      }
      if (account.kind === 'app' && Math.abs(aheadMs) > MOST_AHEAD_MS) {
        return advised('github', clockText(aheadMs), SET_CLOCK);
      }
      return passed('github', account.kind === 'app' ? `the App ${account.name}` : `as ${account.login}, by a token`);
    },
    'github app': async () => {
      const credentials = read();
      if (account?.kind !== 'app' || credentials === undefined) return passed('github app', 'none is used');
      return checkInstallations(account, await uncovered(config, credentials));
    },
    'github webhook': async () => checkWebhook(account),
  };
}

const SET_CLOCK = "Set this machine's clock (timedatectl set-ntp true): an App signs in with the time.";

const clockText = (aheadMs: number): string =>
  `this machine's clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} GitHub's`;

function refusal(error: unknown, { kind }: GithubCredentials, aheadMs: number): Check {
  if (!(error instanceof Failure)) throw error;
  if (kind === 'app' && Math.abs(aheadMs) > MOST_AHEAD_MS) return failed('github', clockText(aheadMs), SET_CLOCK);
  const remedy =
    kind === 'app'
      ? 'Look whether the App still exists and has this key; if not, run millwright github setup --force.'
      : 'Make a new token and set GITHUB_TOKEN, or run millwright github setup.';
  if (['PermissionDenied', 'NotFound'].includes(error.type)) return failed('github', errorMessage(error), remedy);
  return advised('github', errorMessage(error), 'Look at the network, a proxy, GITHUB_URL, or githubstatus.com.');
}

function checkInstallations(app: AppAccount, without: readonly string[]): Check {
  const name = 'github app';
  const install = `${app.url}/installations/new`;
  if (app.installations.length === 0) return failed(name, 'it is installed nowhere', `Install it: ${install}`);
  if (without.length > 0) {
    return failed(
      name,
      `it is not installed on ${without.join(', ')}, which a project needs`,
      `Install it: ${install}`,
    );
  }
  const suspended = app.installations.find(({ isSuspended }) => isSuspended);
  if (suspended !== undefined) {
    return failed(name, `its installation on ${suspended.account} is suspended`, `Unsuspend it: ${suspended.url}`);
  }
  for (const { account, missing, url } of app.installations) {
    if (missing.length === 0) continue;
    const lacks = missing.map((one) => `${one.name}: ${one.access}`).join(', ');
    const remedy = `Give it to the App (${app.url}) if it lacks it too, and accept it at ${url}`;
    const say = missing.some(({ isNeeded }) => isNeeded) ? failed : advised;
    return say(name, `its installation on ${account} lacks ${lacks}`, remedy);
  }
  return passed(name, `installed on ${app.installations.map(({ account }) => account).join(', ')}`);
}

function checkWebhook(account: GitHubAccount | undefined): Check {
  const name = 'github webhook';
  if (account?.kind !== 'app' || account.webhook === undefined) {
    return passed(name, 'none: what happens is noticed up to a minute later');
  }
  const { url, deliveries, failed: lost, lastFailure } = account.webhook;
  if (lastFailure === undefined) return passed(name, `${url}: ${deliveries} deliveries lately, none lost`);
  const finding = `${lost} of ${deliveries} deliveries to ${url} never arrived, the last at ${lastFailure.at}: ${lastFailure.status}`;
  const remedy =
    'See docs/github.md for the answers of the route: 401 is another secret, 403 a host that MILLWRIGHT_ALLOWED_HOSTS lacks, 404 no secret.';
  return advised(name, finding, remedy);
}

/** Repositories of projects that no installation covers; none while no instance runs that could be asked. */
async function uncovered(config: Config, credentials: GithubCredentials): Promise<readonly string[]> {
  if (config.databaseUrl === undefined && readStackFacts(config.layout) === undefined) return [];
  const client = clientOf(credentials, { apiUrl: config.github.apiUrl });
  const without: string[] = [];
  for (const name of await projectNames(config)) {
    const [owner = '', repo = ''] = name.split('/');
    try {
      await client.rest.apps.getRepoInstallation({ owner, repo });
    } catch (error) {
      if (!(error instanceof Failure && error.type === 'NotFound')) throw error;
      without.push(name);
    }
  }
  return without;
}

async function projectNames(config: Config): Promise<readonly string[]> {
  const pools = createPools({ databaseUrl: runningDatabaseUrl(config), applicationName: 'millwright-doctor' });
  try {
    const { rows } = await pools.writes.query<{ readonly name: string }>({
      name: 'list-repositories-on-github',
      text: `SELECT forge_name AS name FROM project
             WHERE forge = 'github' AND forge_name IS NOT NULL AND archived_at IS NULL ORDER BY created_at DESC LIMIT $1`,
      values: [MOST_PROJECTS],
    });
    return rows.map(({ name }) => name);
  } finally {
    await pools.close();
  }
}
