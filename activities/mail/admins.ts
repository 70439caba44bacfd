import { v5 as uuidv5 } from 'uuid';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import { insertMail, type NewMail } from './mail.repository.js';
import { NOBODY_IN_PARTICULAR } from './who-answers.js';

/** Names of the live admin keys that see the project. */
async function listAdmins(db: Queryable, projectId: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>({
    name: 'list-admins',
    text: `SELECT DISTINCT name FROM api_key
           WHERE role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
             AND (projects IS NULL OR $1 = ANY(projects)) ORDER BY name`,
    values: [projectId],
  });
  return rows.map(({ name }) => name);
}

/** One mail to each admin of the project. A repeated id inserts nothing. */
export async function mailAdmins(tx: Tx, mail: Omit<NewMail, 'to'>): Promise<void> {
  const admins = await listAdmins(tx, mail.projectId);
  for (const name of admins.length > 0 ? admins : [NOBODY_IN_PARTICULAR])
    await insertMail(tx, { ...mail, id: uuidv5(name, mail.id), to: { kind: 'human', id: name } });
}
