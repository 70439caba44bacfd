import { Failure } from '../../../domain/failures.js';
import type { Config, LinearCredentials } from '../../config.js';
import { errorMessage } from '../../errors.js';
import { type LinearAccount, readLinearAccount } from '../../forge/linear/account.js';
import { LinearClient } from '../../forge/linear/client.js';
import { createPools } from '../../pg/pools.js';
import { runningDatabaseUrl } from '../database-url.js';
import { readStackFacts } from '../stack-file.js';
import { advised, type Check, failed, passed } from './check.js';

interface Linked {
  readonly project: string;
  readonly key: string;
  readonly problem: string | null;
}

/** The looks at Linear, in the order in which they are shown. Both share one reading of the account. */
export function linearLooks(
  config: Config,
  read: () => LinearCredentials | undefined,
): Readonly<Record<string, () => Promise<Check>>> {
  let account: LinearAccount | undefined;
  return {
    linear: async () => {
      const identity = read();
      if (identity === undefined) return passed('linear', 'not connected, which is fine');
      try {
        account = await readLinearAccount(new LinearClient({ apiUrl: config.linear.apiUrl, identity }));
      } catch (error) {
        return refusal(error, identity);
      }
      const { name, isApp, workspace } = account;
      return passed('linear', `${isApp ? 'the application' : 'as'} ${name} in ${workspace}`);
    },
    'linear teams': async () => {
      const linked = await listLinked(config);
      if (linked.length === 0) return passed('linear teams', 'no project is linked to one');
      if (read() === undefined) return unconnected(linked);
      return account === undefined ? passed('linear teams', 'not looked at') : checkTeams(account, linked);
    },
  };
}

const NEW_KEY = 'Make one in Linear (Settings > Account > Security & access), set LINEAR_API_KEY, and start again.';
const NEW_TOKEN = 'Give the application a new token, set LINEAR_ACCESS_TOKEN, and start again.';

function refusal(error: unknown, { kind }: LinearCredentials): Check {
  if (!(error instanceof Failure)) throw error;
  if (error.type === 'PermissionDenied')
    return failed('linear', errorMessage(error), kind === 'key' ? NEW_KEY : NEW_TOKEN);
  return advised('linear', errorMessage(error), 'Look at the network, a proxy, LINEAR_API_URL, or linearstatus.com.');
}

const unconnected = (linked: readonly Linked[]): Check =>
  failed('linear teams', `nothing opens Linear, which ${namesOf(linked)} takes issues from`, NEW_KEY);

function checkTeams({ teams, workspace }: LinearAccount, linked: readonly Linked[]): Check {
  const name = 'linear teams';
  const seen = new Set(teams.map(({ key }) => key.toUpperCase()));
  const unknown = linked.filter(({ key }) => !seen.has(key.toUpperCase()));
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
  return passed(name, linked.map(({ project, key }) => `${project} from ${key}`).join(', '));
}

const namesOf = (linked: readonly Linked[]): string => linked.map(({ project }) => project).join(', ');

/** None while no instance runs that could be asked. */
async function listLinked(config: Config): Promise<readonly Linked[]> {
  if (config.databaseUrl === undefined && readStackFacts(config.layout) === undefined) return [];
  const pools = createPools({ databaseUrl: runningDatabaseUrl(config), applicationName: 'millwright-doctor' });
  try {
    const { rows } = await pools.writes.query<Linked>({
      name: 'list-linear-teams',
      text: `SELECT name AS project, linear_team_key AS key, linear_problem AS problem FROM project
             WHERE linear_team_key IS NOT NULL AND archived_at IS NULL ORDER BY name LIMIT 50`,
    });
    return rows;
  } finally {
    await pools.close();
  }
}
