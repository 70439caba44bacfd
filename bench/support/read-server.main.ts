// One of the two servers that M3 compares, in a process of its own: read-server.main.js <ours|bare> <database url>.
import { FastifyAdapter } from '@nestjs/platform-fastify';
import pg from 'pg';
import { EpicRepository } from '../../api/epics/epic.repository.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Statement } from '../../infra/pg/statement.js';
import { startApi } from './api-server.js';

/** The best plain server: bare Fastify, `pg.Pool`, the very statement that our repository sends. */
const bare = async (databaseUrl: string): Promise<string> => {
  const { name, text } = await statementOfEpic();
  const pool = new pg.Pool({ connectionString: databaseUrl });
  const server = new FastifyAdapter().getInstance();
  server.get<{ Params: { id: string } }>('/api/v1/epics/:id', async ({ params }, reply) => {
    const { rows } = await pool.query({ name: name ?? '', text, values: [params.id, null] });
    return rows[0] ?? reply.code(404).send();
  });
  return server.listen({ port: 0, host: '127.0.0.1' });
};

const statementOfEpic = async (): Promise<Statement> => {
  let asked: Statement | undefined;
  const query = async (statement: Statement) => {
    asked = statement;
    return { rows: [{}], rowCount: 1 };
  };
  // Only its reads are asked here, and only for what they are asked.
  await new EpicRepository({ reads: { query } } as unknown as Pools).get('', null);
  if (asked === undefined) throw new Error('the repository asked nothing');
  return asked;
};

const [kind, databaseUrl = ''] = process.argv.slice(2);
const url = await (kind === 'ours' ? startApi(databaseUrl) : bare(databaseUrl));
process.send?.({ url });
// It dies with its parent.
process.on('disconnect', () => process.exit(0));
