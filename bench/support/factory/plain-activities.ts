import type { Queryable } from '../../../infra/pg/statement.js';

/** Made by the rig, for what plain workflows keep. */
export const PLAIN_TABLE = 'CREATE TABLE bench_plain (id bigserial PRIMARY KEY, value int NOT NULL)';

/** What the plain workflows call: an answer from memory, and a row that is committed before the answer. */
export const createPlainActivities = (db: Queryable) => ({
  echo: async (value: number): Promise<number> => value,
  keep: async (value: number): Promise<number> => {
    await db.query({ name: 'bench-plain', text: 'INSERT INTO bench_plain (value) VALUES ($1)', values: [value] });
    return value;
  },
});
