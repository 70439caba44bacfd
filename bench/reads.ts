import { Pool } from 'undici';
import { insertKey } from '../test/support/api/api.js';
import { seedEpic, seedProject } from '../test/support/api/seed.js';
import { seeded } from '../test/support/merge/random.js';
import { createTestDatabase } from '../test/support/postgres.js';
import type { Bench, Measured } from './comparison.js';
import { type ServerChild, startServerChild } from './support/child.js';
import { cpuSeconds } from './support/cpu.js';
import { inTurns, lengthOf, type Measures, series } from './support/rounds.js';

const EPICS = 200;
const CONNECTIONS = 32;
const ROUND_MS = 3_000;

/** M3: an epic read over HTTP, with key, role, validation and an answer of our shape, against bare Fastify and `pg.Pool`. */
export const apiReads: Bench = {
  redWhen: 'leaves Fastify, drops pipelined reads, or asks the database once more per request',
  run: async (options) => {
    const database = await createTestDatabase();
    const servers: ServerChild[] = [];
    try {
      const ids = await seedEpics(database);
      const key = await insertKey(database, { name: 'bench', role: 'viewer' });
      const bare = await startServerChild('read-server.main.js', 'bare', database.url);
      servers.push(bare);
      const ours = await startServerChild('read-server.main.js', 'ours', database.url);
      servers.push(ours);
      const random = seeded(options.seed);
      const next = (): string => ids[Math.floor(random() * ids.length)] ?? '';
      const measured = await inTurns(
        { bare: () => load(bare, key, next), ours: () => load(ours, key, next) },
        lengthOf(options, 9),
      );
      const row = (name: string, unit: string, measure: string): Measured => ({
        name,
        unit,
        baseline: series(measured, 'bare', measure),
        ours: series(measured, 'ours', measure),
      });
      return {
        title: `GET /api/v1/epics/:id at ${CONNECTIONS} connections`,
        subject: `Fastify under NestJS, PostgreSQL with ${EPICS} epics, load from a third process, nothing pinned`,
        rows: [
          // A rate beside other work is of that work: where the two disagree the processor is believed.
          { ...row('requests answered', '1/s', 'perSecond'), gate: { wants: 'atLeast', target: 1.5 } },
          {
            ...row('processor time of the server, a request', 'CPU µs', 'cpuMicroseconds'),
            gate: { wants: 'atMost', target: 0.67, floor: 1.4 },
          },
        ],
      };
    } finally {
      for (const server of servers) await server.close();
      await database.drop();
    }
  },
};

const seedEpics = async (database: Parameters<typeof seedEpic>[0]): Promise<readonly string[]> => {
  const projectId = await seedProject(database);
  const ids: string[] = [];
  for (let at = 0; at < EPICS; at++)
    ids.push(
      await seedEpic(database, projectId, { title: `Epic ${at}`, description: 'What it is about. '.repeat(20) }),
    );
  return ids;
};

/** As many requests as the connections carry, each sent when the one before on it is answered. */
const load = async ({ url, pid }: ServerChild, key: string, nextId: () => string): Promise<Measures> => {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  const headers = { authorization: `Bearer ${key}` };
  const usedBefore = cpuSeconds(pid);
  const startedAt = performance.now();
  let answered = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - startedAt < ROUND_MS) {
      const { statusCode, body } = await pool.request({ path: `/api/v1/epics/${nextId()}`, method: 'GET', headers });
      await body.dump();
      if (statusCode !== 200) throw new Error(`the server answered ${statusCode}`);
      answered += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuMicroseconds = ((cpuSeconds(pid) - usedBefore) / answered) * 1_000_000;
    return { perSecond: answered / seconds, cpuMicroseconds };
  } finally {
    await pool.destroy();
  }
};
