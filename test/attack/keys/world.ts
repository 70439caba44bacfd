import { randomUUID } from 'node:crypto';
import { isPublicRoute, type Route } from '../../../api/auth/access-table.js';
import { KEY_ROLES, type KeyRole } from '../../../api/auth/caller.js';
import { appendEvent } from '../../../infra/pg/events.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { insertKey, TestApi } from '../../support/api/api.js';
import { type Document, sampleBody } from '../../support/api/sample-body.js';
import {
  rowsOf,
  seedAgent,
  seedEntry,
  seedEpic,
  seedLane,
  seedMail,
  seedProject,
  seedRun,
  seedTask,
} from '../../support/api/seed.js';

/** In every text of the other project: whoever reads it has read what is not his. */
export const CANARY = `canary-of-the-other-project-${process.pid}`;

export interface Objects {
  readonly project: string;
  readonly epic: string;
  readonly task: string;
  readonly run: string;
  readonly mail: string;
  readonly entry: string;
  readonly agent: string;
  readonly key: string;
}

/** An API with two projects, keys of every role for all of it, and keys of every role for the first project alone. */
export class KeysWorld {
  private constructor(
    readonly api: TestApi,
    readonly document: Document,
    readonly mine: Objects,
    readonly other: Objects,
    readonly narrow: Readonly<Record<KeyRole, string>>,
  ) {}

  static async open(): Promise<KeysWorld> {
    const api = await TestApi.start();
    const mine = await objectsOf(api, 'mine');
    const other = await objectsOf(api, CANARY);
    const entries = KEY_ROLES.map(async (role) => {
      const key = await insertKey(api.database, { name: `narrow-${role}`, role, projects: [mine.project] });
      return [role, key] as const;
    });
    // Built from the roles themselves.
    const narrow = Object.fromEntries(await Promise.all(entries)) as Record<KeyRole, string>;
    const document = (await api.get('/api/openapi.json', { key: null })).body as Document;
    return new KeysWorld(api, document, mine, other, narrow);
  }

  /** Every route that needs a key, as the router has it. */
  get routes(): readonly Route[] {
    return this.api.application.routes.filter((route) => !isPublicRoute(route));
  }

  /** The route's path on these objects. */
  pathOf({ url }: Route, objects: Objects): string {
    const ids: Readonly<Record<string, string>> = {
      projects: objects.project,
      epics: objects.epic,
      tasks: objects.task,
      runs: objects.run,
      mail: objects.mail,
      queues: objects.entry,
      agents: objects.agent,
      keys: objects.key,
    };
    const [, resource = ''] = /\/api\/v1\/(\w+)/.exec(url) ?? [];
    const id = ids[resource];
    if (id === undefined && url.includes(':id')) throw new Error(`no object is seeded for ${url}: add one`);
    return url
      .replace(':projectId', objects.project)
      .replace(':branch', 'main')
      .replace(':id', id ?? '');
  }

  /** A body that fits, about these objects. */
  bodyOf(route: Route, objects: Objects): object {
    return sampleBody(this.document, route, {
      projectId: objects.project,
      source: 'https://example.org/a/b',
      to: { kind: 'epic', id: objects.epic },
      name: `sample-${randomUUID().slice(0, 8)}`,
      tasks: [{ key: 'a', title: 'A task', description: 'Do it.' }],
    });
  }

  /** Status of one request; a stream is let go at once. Answers the text too, of what is no stream. */
  async ask(
    route: Route,
    path: string,
    key: string | null,
    body?: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const over = new AbortController();
    const response = await fetch(`${this.api.url}${path}`, {
      method: route.method,
      signal: over.signal,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const text = isStream ? '' : await response.text();
    over.abort();
    return { status: response.status, text };
  }

  /** Everything that a request may change, as one text. */
  async state(): Promise<string> {
    const tables = [
      'project',
      'epic',
      'plan',
      'task',
      'mail',
      'decision',
      'event',
      'outbox',
      'api_key',
      'queue_lane',
      'queue_entry',
      'agent',
    ];
    const parts = tables.map(async (table) => {
      const [row] = await rowsOf<{ digest: string | null }>(
        this.api.database,
        `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS digest FROM ${table} t`,
      );
      return `${table} ${row?.digest}`;
    });
    return (await Promise.all(parts)).join('\n');
  }

  close(): Promise<void> {
    return this.api.stop();
  }
}

const objectsOf = async ({ database }: TestApi, text: string): Promise<Objects> => {
  const suffix = randomUUID().slice(0, 8);
  const project = await seedProject(database, { name: `p-${suffix}` });
  const epic = await seedEpic(database, project, { title: text, description: text });
  const task = await seedTask(database, project, { title: text, description: text });
  const agent = await seedAgent(database, `agent-${suffix}`);
  const run = await seedRun(database, { projectId: project, agentId: agent, taskId: task });
  const mail = await seedMail(database, project, { subject: text, body: text, from_kind: 'epic', from_id: epic });
  const entry = await seedEntry(database, project, { title: text });
  await seedLane(database, project);
  await rowsOf(
    database,
    `INSERT INTO plan (epic_id, version, document, hash, origin, created_by) VALUES ($1, 1, $2, 'h', 'given', 'ada')`,
    [epic, JSON.stringify({ tasks: [], design: text })],
  );
  await rowsOf(
    database,
    `INSERT INTO decision (id, project_id, kind, title, decision) VALUES (gen_random_uuid(), $1, 'decision', $2, $2)`,
    [project, text],
  );
  await withTransaction(database.pools.writes, (tx) =>
    appendEvent(tx, { projectId: project, epicId: epic, type: 'epic.note', data: { note: text } }),
  );
  await insertKey(database, { name: `key-${suffix}`, role: 'viewer', projects: [project] });
  const [row] = await rowsOf<{ id: string }>(database, 'SELECT id FROM api_key WHERE name = $1', [`key-${suffix}`]);
  return { project, epic, task, run, mail, entry, agent, key: row?.id ?? '' };
};
