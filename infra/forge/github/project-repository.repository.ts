import { Failure } from '../../../domain/failures.js';
import type { Queryable } from '../../pg/statement.js';
import type { KnownRepository } from './settings.js';

/** @throws NotFound; InvalidState for a row that names no repository */
export async function findProjectOnGitHub(db: Queryable, projectId: string): Promise<KnownRepository> {
  const { rows } = await db.query<{
    readonly name: string | null;
    readonly repositoryId: string | null;
    readonly here: string | null;
    readonly there: string | null;
  }>({
    name: 'find-project-on-github',
    text: `SELECT forge_name AS name, forge_repository_id AS "repositoryId", base_branch AS here,
             forge_base_branch AS there
           FROM project WHERE id = $1`,
    values: [projectId],
  });
  const [row] = rows;
  if (row === undefined) throw new Failure('NotFound', 'there is no such project');
  const [owner, repo, more] = row.name?.split('/') ?? [];
  if (owner === undefined || repo === undefined || more !== undefined)
    throw new Failure('InvalidState', 'the project names no repository of GitHub');
  const { here, there } = row;
  return {
    owner,
    repo,
    repositoryId: row.repositoryId === null ? null : Number(row.repositoryId),
    ...(here === null || there === null ? {} : { renamed: { here, there } }),
  };
}

/** What GitHub calls the repository now. */
export async function saveProjectOnGitHub(
  db: Queryable,
  projectId: string,
  {
    name,
    repositoryId,
    installationId,
  }: { readonly name: string; readonly repositoryId: number; readonly installationId: number | null },
): Promise<void> {
  await db.query({
    name: 'save-project-on-github',
    text: `UPDATE project SET forge_name = $2, forge_repository_id = $3, forge_installation_id = $4, updated_at = now()
           WHERE id = $1 AND (forge_name, forge_repository_id, forge_installation_id) IS DISTINCT FROM ($2, $3, $4)`,
    values: [projectId, name, repositoryId, installationId],
  });
}
