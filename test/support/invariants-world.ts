import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { WORDS } from '../../cli/invariants.js';
import { type HomeLayout, homeLayout } from '../../infra/config/layout.js';
import { environmentFor } from '../../infra/config.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { createGit } from '../../infra/git/run.js';
import { TreeStore } from '../../infra/git/tree-store.js';
import type { Truths, WorkflowFacts } from '../../infra/invariants/truths.js';
import { appendEvent } from '../../infra/pg/events.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { createTestDatabase, type TestDatabase } from './postgres.js';
import { insertEpic, insertProject, insertTask } from './rows.js';

const EMPTY_TREE_FILE = 'a file\n';

/** A home whose one task landed as it should: real rows, a real repository, and an engine that answers what it is told. */
export class InvariantsWorld {
  private constructor(
    /** What the engine says of a workflow; the others are closed. */
    readonly engine: Map<string, WorkflowFacts>,
    readonly db: TestDatabase,
    readonly layout: HomeLayout,
    readonly truths: Truths,
    readonly projectId: string,
    readonly epicId: string,
    readonly taskId: string,
    readonly repository: string,
  ) {}

  static async create(): Promise<InvariantsWorld> {
    const db = await createTestDatabase();
    const layout = homeLayout(mkdtempSync(join(tmpdir(), 'millwright-invariants-')));
    for (const directory of [layout.logs, layout.trees, layout.mirrors]) mkdirSync(directory, { recursive: true });
    const git = createGit({ environment: environmentFor('tool') });
    const { writes } = db.pools;
    const config = { checks: [{ name: 'test', run: 'true' }] };
    const projectId = await insertProject(writes, { config });
    const epicId = await insertEpic(writes, projectId);
    const taskId = await insertTask(writes, projectId, { epicId });
    const truths = {
      db: writes,
      layout,
      forge: new ProjectRepositories(git, layout.forge),
      mirrors: new ProjectRepositories(git, layout.mirrors),
      trees: new TreeStore(layout.trees),
      secrets: ['canary-of-this-home'],
      bill: [{ requestHash: 'r', complete: true, outputTokens: 10 }],
      graceMs: 0,
    };
    const { dir } = await truths.forge.ensure(projectId);
    const engine = new Map<string, WorkflowFacts>();
    const describe = async (id: string): Promise<WorkflowFacts> => engine.get(id) ?? { state: 'closed' };
    const all = { ...truths, engine: { ids: WORDS.ids, describe } };
    const world = new InvariantsWorld(engine, db, layout, all, projectId, epicId, taskId, dir);
    await world.land();
    return world;
  }

  async run(text: string, ...values: readonly unknown[]): Promise<void> {
    await this.db.pools.writes.query({ text, values });
  }

  git(...args: readonly string[]): string {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
    const input = args[0] === 'hash-object' ? EMPTY_TREE_FILE : '';
    return execFileSync('git', [...identity, ...args], { cwd: this.repository, encoding: 'utf8', input }).trim();
  }

  /** A commit on top of `parent` whose tree holds one file of this name. */
  commit(name: string, parent?: string): string {
    const blob = this.git('hash-object', '-w', '--stdin');
    const tree = execFileSync('git', ['mktree'], {
      cwd: this.repository,
      encoding: 'utf8',
      input: `100644 blob ${blob}\t${name}\n`,
    }).trim();
    return this.git('commit-tree', tree, '-m', name, ...(parent ? ['-p', parent] : []));
  }

  async transition(type: 'epic' | 'task', from: string, to: string): Promise<void> {
    const subject = {
      projectId: this.projectId,
      epicId: this.epicId,
      ...(type === 'task' ? { taskId: this.taskId } : {}),
    };
    await withTransaction(this.db.pools.writes, (tx) =>
      appendEvent(tx, { ...subject, type: `${type}.state`, data: { from, to } }),
    );
  }

  writeLog(text: string): void {
    writeFileSync(join(this.layout.logs, 'worker.log'), text);
  }

  async drop(): Promise<void> {
    await this.db.drop();
    rmSync(this.layout.home, { recursive: true, force: true });
  }

  private async land(): Promise<void> {
    const base = this.commit('first');
    const commit = this.commit('second', base);
    const tree = this.git('rev-parse', `${commit}^{tree}`);
    this.git('update-ref', 'refs/heads/main', commit);
    const { projectId, epicId, taskId } = this;
    const shown = { projectId, epicId, taskId };
    await this.run(
      `INSERT INTO pull_request (project_id, number, task_id, title, body, author, head_ref, head_sha, base_ref, base_sha, state, merge_commit_sha, marker)
       VALUES ($1, 1, $2, 't', '', 'w', 'millwright/t', $3, 'main', $4, 'merged', $3, 'm')`,
      shown.projectId,
      shown.taskId,
      commit,
      base,
    );
    await this.run(
      `INSERT INTO queue_entry (id, project_id, branch, pr_number, task_id, owner, title, head_ref, head_sha, seq, state, landing, landed_sha, enqueued_by)
       VALUES ($1, $2, 'main', 1, $3, 'o', 't', 'millwright/t', $4, 1, 'landed', $5, $4, 'ada')`,
      uuidv7(),
      projectId,
      taskId,
      commit,
      JSON.stringify({ base, commit, tree }),
    );
    await this.run(
      `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, build_id, expires_at)
       VALUES ($1, $2, 'k', 'test', $3, 'passed', 'b', now() + interval '7 days')`,
      uuidv7(),
      projectId,
      tree,
    );
    await this.transition('task', 'REVIEW', 'COMPLETED');
    await this.transition('epic', 'IN_PROGRESS', 'COMPLETED');
    await this.run(`UPDATE task SET state = 'COMPLETED' WHERE id = $1`, taskId);
    await this.run(`UPDATE epic SET state = 'COMPLETED' WHERE id = $1`, epicId);
    const agentId = uuidv7();
    await this.run(
      `INSERT INTO agent (id, name, role, backend, permission_mode, origin) VALUES ($1, 'w', 'worker', 'anthropic', 'yolo', 'default')`,
      agentId,
    );
    const runId = uuidv7();
    await this.run(
      `INSERT INTO run (id, agent_id, project_id, task_id, kind, state, ended_at, cost_micro_usd) VALUES ($1, $2, $3, $4, 'execution', 'completed', now(), 5)`,
      runId,
      agentId,
      projectId,
      taskId,
    );
    await this.run(
      `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state, output_tokens, cost_micro_usd) VALUES ($1, 0, 1, $2, 'm', 'settled', 10, 5)`,
      runId,
      projectId,
    );
    await this.run(
      `INSERT INTO turn (run_id, seq, response_ref, usage) VALUES ($1, 0, 'sha256:r', '{"outputTokens": 10}')`,
      runId,
    );
  }
}
