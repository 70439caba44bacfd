import { branchRef, forgeRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Truths } from './truths.js';

/** The branches of a project's forge, in a repository on this disk. */
export interface ForgeView {
  readonly repository: Repository;
  /** Full name of the ref that holds the branch there. */
  readonly refOf: (branch: string) => string;
}

/** The local forge's own repository; of another forge what the mirror fetched last, at most a sweep old. @throws NotFound */
export async function forgeView({ db, forge, mirrors }: Truths, projectId: string): Promise<ForgeView> {
  const { rows } = await db.query<{ readonly forge: string }>({
    text: 'SELECT forge FROM project WHERE id = $1',
    values: [projectId],
  });
  return rows[0]?.forge === 'github'
    ? { repository: await mirrors.open(projectId), refOf: forgeRef }
    : { repository: await forge.open(projectId), refOf: branchRef };
}
