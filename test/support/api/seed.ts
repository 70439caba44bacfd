import { v7 as uuidv7 } from 'uuid';
import { effectiveConfig } from '../../../domain/project-config/effective.js';
import type { ConfigOverrides } from '../../../domain/project-config/types.js';
import type { TestDatabase } from '../postgres.js';

type Values = Readonly<Record<string, unknown>>;

/** Inserts a row with the columns given. */
export const insert = async ({ pools }: TestDatabase, table: string, values: Values): Promise<void> => {
  const columns = Object.keys(values);
  await pools.writes.query({
    text: `INSERT INTO ${table} (${columns.map((name) => `"${name}"`).join(', ')})
           VALUES (${columns.map((_, at) => `$${at + 1}`).join(', ')})`,
    values: Object.values(values),
  });
};

const CHECKED: ConfigOverrides = { checks: [{ name: 'test', run: 'npm test' }] };

/** A project as the inspection leaves it: ready, with one required check. */
export const seedProject = async (db: TestDatabase, values: Values = {}): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'project', {
    id,
    name: `project-${id.slice(-12)}`,
    forge: 'local',
    source: `/srv/${id}`,
    remote: `/srv/${id}`,
    base_branch: 'main',
    state: 'ready',
    overrides: JSON.stringify(CHECKED),
    config: JSON.stringify(effectiveConfig(undefined, CHECKED)),
    created_by: 'ada',
    ...values,
  });
  return id;
};

export const seedEpic = async (db: TestDatabase, projectId: string, values: Values = {}): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'epic', {
    id,
    project_id: projectId,
    title: 'An epic',
    approval: 'none',
    merge_target: 'epic',
    land: 'person',
    overlap: 'serialise',
    planner: 'model',
    branch: `millwright/epic/an-epic-${id.slice(-12)}`,
    created_by: 'mel',
    ...values,
  });
  return id;
};

export const seedTask = async (db: TestDatabase, projectId: string, values: Values = {}): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'task', {
    id,
    project_id: projectId,
    title: 'A task',
    branch: `millwright/a-task-${id.slice(-12)}`,
    created_by: 'mel',
    ...values,
  });
  return id;
};

export const seedAgent = async (db: TestDatabase, name: string, values: Values = {}): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'agent', {
    id,
    name,
    role: 'worker',
    backend: 'anthropic',
    model: 'claude-sonnet-5-5',
    permission_mode: 'yolo',
    settings: JSON.stringify({ argv: ['/opt/secret-tool'] }),
    origin: 'default',
    ...values,
  });
  return id;
};

export const seedRun = async (
  db: TestDatabase,
  owner: { readonly projectId: string; readonly agentId: string; readonly taskId?: string },
  values: Values = {},
): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'run', {
    id,
    agent_id: owner.agentId,
    project_id: owner.projectId,
    task_id: owner.taskId ?? null,
    kind: 'execution',
    state: 'running',
    ...values,
  });
  return id;
};

export const seedMail = async (db: TestDatabase, projectId: string, values: Values = {}): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'mail', {
    id,
    thread_id: id,
    from_kind: 'agent',
    from_id: 'anthropic-worker',
    to_kind: 'human',
    to_id: 'mel',
    subject: 'Which port?',
    body: 'The README names two.',
    kind: 'question',
    needs_answer: true,
    project_id: projectId,
    ...values,
  });
  return id;
};

export const seedEntry = async (db: TestDatabase, projectId: string, values: Values = {}): Promise<string> => {
  const id = uuidv7();
  await insert(db, 'queue_entry', {
    id,
    project_id: projectId,
    branch: 'main',
    pr_number: 7,
    owner: 'task/x',
    title: 'A change',
    head_ref: 'millwright/a-change',
    head_sha: 'a'.repeat(40),
    seq: 1,
    state: 'queued',
    enqueued_by: 'task/x',
    ...values,
  });
  return id;
};

export const seedLane = async (db: TestDatabase, projectId: string, values: Values = {}): Promise<void> =>
  insert(db, 'queue_lane', {
    project_id: projectId,
    branch: 'main',
    mode: 'open',
    by: 'system',
    tip_sha: 'b'.repeat(40),
    since: new Date(0).toISOString(),
    version: 1,
    ...values,
  });

export const rowsOf = async <Row extends object = Readonly<Record<string, unknown>>>(
  { pools }: TestDatabase,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> => (await pools.writes.query<Row>({ text, values })).rows;
