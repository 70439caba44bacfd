import { join } from 'node:path';
import { Failure } from '../../../domain/failures.js';
import { LocalForge } from '../../../infra/forge/local/local-forge.js';
import { ProjectRepositories } from '../../../infra/git/mirrors.js';
import { temporaryHome, testGit } from '../../support/git/repositories.js';
import { insertProject } from '../../support/rows.js';
import type { OpenSite } from './site.js';

export const localSite: OpenSite = async ({ pools }) => {
  const home = temporaryHome();
  const repositories = new ProjectRepositories(testGit(), join(home.path, 'forges'));
  const forge = new LocalForge({ pools, repositories });
  const projectId = await insertProject(pools.writes);
  await forge.prepare(projectId);
  const query = async <T extends object>(text: string, ...values: readonly unknown[]): Promise<readonly T[]> =>
    (await pools.writes.query<T>({ text, values: [projectId, ...values] })).rows;
  return {
    forge,
    projectId,
    another: () => new LocalForge({ pools, repositories }),
    losing: async (_, work) => {
      await work();
      throw new Failure('Unavailable', 'the answer was lost');
    },
    openByStranger: async (head, base) => {
      await query(
        `INSERT INTO pull_request (project_id, number, title, body, author, head_ref, head_sha, base_ref, base_sha, marker)
         VALUES ($1, 900, 'Mine', '', 'rita', $2, '', $3, '', '')`,
        head,
        base,
      );
    },
    change: async (number, { draft, label }) => {
      await query(
        `UPDATE pull_request SET draft = coalesce($3, draft), labels = labels || $4::text[]
         WHERE project_id = $1 AND number = $2`,
        number,
        draft ?? null,
        label === undefined ? [] : [label],
      );
    },
    wordsOn: async (number) => {
      const text = 'SELECT body FROM pull_request WHERE project_id = $1 AND number = $2';
      return (await query<{ readonly body: string }>(text, number))[0]?.body ?? '';
    },
    wait: async () => undefined,
    close: async () => home.remove(),
  };
};
