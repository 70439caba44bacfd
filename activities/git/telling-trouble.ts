import { Failure } from '../../domain/failures.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { saveImportTrouble } from './git-project.repository.js';

/**
 * Whoever waits for an import reads in the row why it takes so long: a source that does not answer is asked again for
 * as long as it takes. A failure that is the verdict is stored as such right after.
 */
export async function tellingTrouble<T>(db: Queryable, projectId: string, bring: () => Promise<T>): Promise<T> {
  const tell = (trouble: string | null): Promise<void> => saveImportTrouble(db, projectId, trouble);
  try {
    const brought = await bring();
    await tell(null);
    return brought;
  } catch (error) {
    // Where the row cannot be written either, the first failure is the one to go by.
    if (error instanceof Failure) await tell(error.message.slice(0, 2000)).catch(() => {});
    throw error;
  }
}
