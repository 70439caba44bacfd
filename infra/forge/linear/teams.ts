import { Failure } from '../../../domain/failures.js';
import { violatedUnique } from '../../pg/failures.js';
import type { Pools } from '../../pg/pools.js';
import type { LinearClient } from './client.js';
import { TEAM_BY_KEY } from './documents.js';

interface TeamRow {
  readonly key: string | null;
  readonly id: string | null;
}

const noTeam = (type: 'NotFound' | 'Conflict', message: string, cause?: unknown): Failure =>
  new Failure(type, message, { reason: 'NO_TEAM' }, cause === undefined ? {} : { cause });

/** The team of each project: named by its key once, and known by its id from then on. */
export class LinearTeams {
  constructor(
    private readonly pools: Pools,
    private readonly client: LinearClient,
  ) {}

  /** @throws NotFound when the project has none, or the workspace does not show us one of that key */
  async of(projectId: string, signal?: AbortSignal): Promise<string> {
    const { key, id } = await this.row(projectId);
    if (!key) throw noTeam('NotFound', 'The project has no team of Linear.');
    return id ?? (await this.find(projectId, key, signal));
  }

  /** Where Linear shows the team no more: its lists would only be empty. */
  async lost(projectId: string): Promise<Failure> {
    const { key } = await this.row(projectId);
    return noTeam('NotFound', `Linear shows us the team ${key} no more.`);
  }

  /** People read the key that the team has now, unless another project was linked by it. */
  async saveKey(projectId: string, { id, key }: { readonly id: string; readonly key: string }): Promise<void> {
    await this.pools.writes.query({
      name: 'save-linear-team-key',
      text: `UPDATE project SET linear_team_key = $3 WHERE id = $1 AND linear_team_id = $2 AND linear_team_key <> $3
               AND NOT EXISTS (SELECT 1 FROM project WHERE upper(linear_team_key) = upper($3) AND archived_at IS NULL
                               AND id <> $1)`,
      values: [projectId, id, key],
    });
  }

  private async row(projectId: string): Promise<TeamRow> {
    const { rows } = await this.pools.writes.query<TeamRow>({
      name: 'find-linear-team',
      text: 'SELECT linear_team_key AS key, linear_team_id AS id FROM project WHERE id = $1',
      values: [projectId],
    });
    return rows[0] ?? { key: null, id: null };
  }

  private async find(projectId: string, key: string, signal?: AbortSignal): Promise<string> {
    const { teams } = await this.client.ask(TEAM_BY_KEY, { key }, { priority: 'state', signal });
    const [team] = teams.nodes;
    if (team === undefined) throw noTeam('NotFound', `Linear shows us no team with the key ${key}.`);
    try {
      await this.pools.writes.query({
        name: 'save-linear-team',
        text: 'UPDATE project SET linear_team_id = $3 WHERE id = $1 AND linear_team_key = $2',
        values: [projectId, key, team.id],
      });
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      throw noTeam('Conflict', `Another project takes the issues of the team ${key}.`, error);
    }
    return team.id;
  }
}
