import { Failure } from '../../../domain/failures.js';
import type { Config, LinearCredentials } from '../../config.js';
import { errorMessage } from '../../errors.js';
import { LABEL } from '../../forge/issues.js';
import { type LinearAccount, listLinearWebhooks, readLinearAccount } from '../../forge/linear/account.js';
import { LinearClient } from '../../forge/linear/client.js';
import { advised, type Check, failed, passed } from './check.js';
import { type LinearRows, type Linked, readLinearRows } from './linear-rows.js';
import { checkLinearWebhook } from './linear-webhook.js';

/** What is set for Linear, read when it is looked at: it may be what is wrong. */
export interface LinearSettingsLook {
  readonly credentials: () => LinearCredentials | undefined;
  readonly webhookSecrets: () => readonly string[];
}

/** Linear let us in, and said as whom. */
interface Opened {
  readonly identity: LinearCredentials;
  readonly client: LinearClient;
  readonly account: LinearAccount;
}

/** The looks at Linear, in the order in which they are shown. All share one reading of the account and of the rows. */
export function linearLooks(
  config: Config,
  { credentials, webhookSecrets }: LinearSettingsLook,
): Readonly<Record<string, () => Promise<Check>>> {
  let opened: Opened | undefined;
  let reading: Promise<LinearRows> | undefined;
  const rows = (): Promise<LinearRows> => {
    reading ??= readLinearRows(config);
    return reading;
  };
  return {
    linear: async () => {
      const identity = credentials();
      if (identity === undefined) return passed('linear', 'not connected, which is fine');
      const client = new LinearClient({ apiUrl: config.linear.apiUrl, identity });
      try {
        opened = { identity, client, account: await readLinearAccount(client, LABEL) };
      } catch (error) {
        return refusal('linear', error, identity);
      }
      const { name, isApp, workspace } = opened.account;
      return passed('linear', `${isApp ? 'the application' : 'as'} ${name} in ${workspace}`);
    },
    'linear teams': async () => {
      const { linked } = await rows();
      if (linked.length === 0) return passed('linear teams', 'no project is linked to one');
      if (credentials() === undefined) return unconnected(linked);
      return opened === undefined ? passed('linear teams', 'not looked at') : checkTeams(opened.account, linked);
    },
    'linear webhook': async () => {
      const { linked, heard } = await rows();
      if (linked.length === 0) return passed('linear webhook', 'no project needs one');
      const facts = { hasSecret: webhookSecrets().length > 0, linked, heard, now: new Date() };
      if (opened === undefined) return checkLinearWebhook({ ...facts, webhooks: undefined, isApp: false });
      const { client, account, identity } = opened;
      try {
        return checkLinearWebhook({ ...facts, webhooks: await listLinearWebhooks(client), isApp: account.isApp });
      } catch (error) {
        return refusal('linear webhook', error, identity);
      }
    },
  };
}

const REMEDIES: Readonly<Record<LinearCredentials['kind'], string>> = {
  key: 'Make one in Linear (Settings > Account > Security & access), set LINEAR_API_KEY, and start again.',
  token:
    'A token lives for a day. Let Millwright fetch its own: set LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET (docs/linear.md) instead of LINEAR_ACCESS_TOKEN, and start again.',
  app: 'Look at the application in Linear (Settings > API): whether client credentials are on, and its id and secret are LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET. Then start again.',
};

function refusal(name: string, error: unknown, { kind }: LinearCredentials): Check {
  if (!(error instanceof Failure)) throw error;
  if (error.type === 'PermissionDenied') return failed(name, errorMessage(error), REMEDIES[kind]);
  return advised(name, errorMessage(error), 'Look at the network, a proxy, LINEAR_API_URL, or linearstatus.com.');
}

const unconnected = (linked: readonly Linked[]): Check =>
  failed('linear teams', `nothing opens Linear, which ${namesOf(linked)} takes issues from`, REMEDIES.key);

/** A team that was found is known by its id: it may have another key since. */
function checkTeams({ teams, workspace, labelledTeams }: LinearAccount, linked: readonly Linked[]): Check {
  const name = 'linear teams';
  const seen = linked.map((one) => ({
    ...one,
    team: teams.find(({ id, key }) => (one.id === null ? key.toUpperCase() === one.key.toUpperCase() : id === one.id)),
  }));
  const unknown = seen.filter(({ team }) => team === undefined);
  if (unknown.length > 0) {
    const shown = teams.length === 0 ? 'no team' : teams.map(({ key }) => key).join(', ');
    return failed(
      name,
      `${unknown.map(({ key }) => key).join(', ')} is not among the teams that ${workspace} shows: ${shown}`,
      `Join the team, or name another: ${unknown.map(({ project }) => `millwright project link ${project} --linear <key>`).join('; ')}`,
    );
  }
  const troubled = linked.find(({ problem }) => problem !== null);
  if (troubled?.problem)
    return advised(
      name,
      `${troubled.project}: ${troubled.problem}`,
      'It was so at the last look; start again if the key is a new one.',
    );
  const hasLabel = (id: string | undefined): boolean => labelledTeams.some((team) => team === null || team === id);
  const unlabelled = seen.filter(({ team }) => !hasLabel(team?.id));
  if (unlabelled.length > 0)
    return advised(
      name,
      `there is no label \`${LABEL}\` for ${unlabelled.map(({ team }) => team?.key).join(', ')}`,
      `Make it in Linear, for the team or the workspace (Settings > Labels). Until then \`/millwright plan\` in a comment does the same.`,
    );
  return passed(name, seen.map(({ project, team }) => `${project} from ${team?.key}`).join(', '));
}

const namesOf = (linked: readonly Linked[]): string => linked.map(({ project }) => project).join(', ');
