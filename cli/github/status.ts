import { githubCredentials, githubWebhookSecrets, loadConfig } from '../../infra/config.js';
import { type AppAccount, type GitHubAccount, readAccount } from '../../infra/forge/github/account.js';
import type { InstallationView, RateLeft } from '../../infra/forge/github/installations.js';
import type { WebhookView } from '../../infra/forge/github/webhook-view.js';
import type { Context } from '../context.js';
import { CliError } from '../errors.js';
import { details, printJson } from '../output.js';
import { limitLines, readLimits } from './limits.js';
import { repositoriesOf, TEXT } from './text.js';

/** Asks GitHub who we are there. Prints no secret: none is part of what is read. */
export async function printGitHubStatus(context: Context): Promise<void> {
  const { out } = context;
  const { github } = loadConfig();
  const credentials = githubCredentials();
  if (credentials === undefined) throw new CliError(TEXT.unconfigured);
  const account = await readAccount(credentials, { apiUrl: github.apiUrl });
  const hasSecret = githubWebhookSecrets().length > 0;
  const limits = await readLimits(context);
  if (out.json)
    printJson(out, { url: github.url, apiUrl: github.apiUrl, hasWebhookSecret: hasSecret, ...account, limits });
  else out.line(details([['GitHub', github.url], ...lines(account, hasSecret), ...limitLines(limits)]));
}

type Line = readonly [string, unknown];

function lines(account: GitHubAccount, hasSecret: boolean): readonly Line[] {
  if (account.kind === 'token') {
    return [
      ['as', `${account.login}, by a personal token (GITHUB_TOKEN)`],
      ['scopes', account.scopes ?? 'of a fine-grained token, which GitHub does not tell'],
      ['webhook', 'none: a personal token has none, Millwright looks by itself'],
      ['requests left', rateText(account.rate)],
    ];
  }
  return [
    ['as', `the App ${account.name} (${account.url})`],
    ['may', permissionsText(account)],
    ['events', account.events],
    ...account.installations.flatMap(installationLines),
    ...(account.installations.length === 0
      ? [['installed', `nowhere yet: ${account.url}/installations/new`] as const]
      : []),
    ...webhookLines(account.webhook, hasSecret),
  ];
}

const permissionsText = ({ permissions }: AppAccount): string =>
  Object.entries(permissions)
    .map(([name, access]) => `${name}: ${access}`)
    .join(', ');

function installationLines(one: InstallationView): readonly Line[] {
  const missing = one.missing.map(({ name, access }) => `${name}: ${access}`).join(', ');
  return [
    ['installed', `${one.account}: ${one.isSuspended ? 'suspended' : repositoriesOf(one)}`],
    ['  lacks', missing === '' ? undefined : `${missing}; accept it at ${one.url}`],
    ['  requests left', one.rate && rateText(one.rate)],
  ];
}

function webhookLines(webhook: WebhookView | undefined, hasSecret: boolean): readonly Line[] {
  if (webhook === undefined) return [['webhook', 'none: Millwright looks by itself, up to a minute later']];
  const { url, deliveries, failed, lastAt, lastFailure } = webhook;
  return [
    ['webhook', hasSecret ? url : `${url}, and no secret is set here: deliveries are answered 404`],
    [
      '  deliveries',
      deliveries === 0 ? 'none lately' : `${deliveries} lately, ${failed} never arrived; last ${lastAt}`,
    ],
    ['  last failure', lastFailure && `${lastFailure.event} at ${lastFailure.at}: ${lastFailure.status}`],
  ];
}

const rateText = ({ remaining, limit, resetAt }: RateLeft): string => `${remaining} of ${limit} until ${resetAt}`;
