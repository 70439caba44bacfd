// One of the two servers that M4 compares, in a process of its own: webhook-server.main.js <ours|bare> <database url>.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import pg from 'pg';
import { SECRET } from '../../test/support/api/webhook-sender.js';
import { startApi } from './api-server.js';

interface Payload {
  readonly action?: string;
  readonly repository: { readonly id: number };
}

const INSERT = `INSERT INTO webhook_delivery (delivery_id, event, action, hint) VALUES ($1, $2, $3, $4)
                ON CONFLICT (delivery_id) DO NOTHING`;

/** The best plain server: bare Fastify, the raw body, its signature, one INSERT, the answer. */
const bare = async (databaseUrl: string): Promise<string> => {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  const server = new FastifyAdapter().getInstance();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.post<{ Body: Buffer }>('/webhooks/github', { bodyLimit: 25 * 2 ** 20 }, async ({ headers, body }, reply) => {
    const given = Buffer.from(String(headers['x-hub-signature-256']));
    const right = Buffer.from(`sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return reply.code(401).send();
    const { action, repository } = JSON.parse(body.toString()) as Payload;
    const { 'x-github-delivery': id, 'x-github-event': event } = headers;
    await pool.query({ name: 'insert', text: INSERT, values: [id, event, action, { repository: repository.id }] });
    return reply.code(202).send();
  });
  return server.listen({ port: 0, host: '127.0.0.1' });
};

const [kind, databaseUrl = ''] = process.argv.slice(2);
const url = await (kind === 'ours'
  ? startApi(databaseUrl, { webhooks: { secrets: () => [SECRET] } })
  : bare(databaseUrl));
process.send?.({ url });
// It dies with its parent.
process.on('disconnect', () => process.exit(0));
