import { Failure } from '../../../domain/failures.js';
import type { Pools } from '../../pg/pools.js';
import type { LinearClient } from './client.js';
import { TEAM_BY_KEY } from './documents.js';

interface TeamRow {
  readonly key: string | null;
  readonly id: string | null;
}

/** The team of each project: named by its key once, and known by its id from then on. */
export class LinearTeams {
  constructor(
    private readonly pools: Pools,
    private readonly client: LinearClient,
  ) {}

  /** @throws NotFound when the project has none, or the workspace does not show us one of that key */
  async of(projectId: string, signal?: AbortSignal): Promise<string> {
    const { rows } = await this.pools.writes.query<TeamRow>({
      name: 'find-linear-team',
      text: 'SELECT linear_team_key AS key, linear_team_id AS id FROM project WHERE id = $1',
      values: [projectId],
    });
    const [row] = rows;
    if (!row?.key) throw new Failure('NotFound', 'The project has no team of Linear.', { reason: 'NO_TEAM' });
    return row.id ?? (await this.find(projectId, row.key, signal));
  }

  private async find(projectId: string, key: string, signal?: AbortSignal): Promise<string> {
    const { teams } = await this.client.ask(TEAM_BY_KEY, { key }, { priority: 'state', signal });
    const [team] = teams.nodes;
    if (team === undefined)
      throw new Failure('NotFound', `Linear shows us no team with the key ${key}.`, { reason: 'NO_TEAM' });
    await this.pools.writes.query({
      name: 'save-linear-team',
      text: 'UPDATE project SET linear_team_id = $3 WHERE id = $1 AND linear_team_key = $2',
      values: [projectId, key, team.id],
    });
    return team.id;
  }
}
