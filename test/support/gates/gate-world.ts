import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { hintOf } from '../../../domain/forge/hint.js';
import { GitHubGateReports } from '../../../infra/forge/github/github-gate-reports.js';
import { GitHubIssues } from '../../../infra/forge/github/github-issues.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../github/project-world.js';
import type { CheckRun } from '../github/state/checks.js';
import { FakeControls } from '../issues/fake-controls.js';
import { MemoryBlobs } from '../memory-blobs.js';
import type { TestDatabase } from '../postgres.js';
import { insertTask } from '../rows.js';

/** A task whose branch was pushed, with nobody's workers: its rows are written by hand, and looks are taken. */
export class GateWorld {
  readonly blobs = new MemoryBlobs();
  readonly controls: FakeControls;
  /** Of the task's branch. */
  headSha = '';
  private verdicts = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly site: GitHubProjectWorld,
    readonly taskId: string,
  ) {
    this.controls = new FakeControls(database.pools.writes);
  }

  static async open(database: TestDatabase): Promise<GateWorld> {
    const site = await githubProjectWorld(database);
    const taskId = await insertTask(database.pools.writes, site.projectId, { state: 'IN_PROGRESS' });
    const world = new GateWorld(database, site, taskId);
    await world.push('one');
    return world;
  }

  get github() {
    return this.site.github;
  }

  close(): Promise<void> {
    return this.site.close();
  }

  async sql(text: string, ...values: readonly unknown[]) {
    return (await this.database.pools.writes.query({ text, values })).rows;
  }

  /** As the factory does each minute. */
  look(access = this.site.access): Promise<unknown> {
    return this.run('reconcileForge', access);
  }

  /** As the factory does after a delivery. */
  applyHints(): Promise<unknown> {
    return this.run('applyHints', this.site.access);
  }

  private run(name: 'reconcileForge' | 'applyHints', access: GitHubProjectWorld['access']): Promise<unknown> {
    const { forge, mirrors, projectId } = this.site;
    const { pools } = this.database;
    const issues = new GitHubIssues({ pools, access, teams: [] });
    const gates = {
      reports: new GitHubGateReports({ pools, access }),
      controls: this.controls,
      readActor: (id: string, login: string) => issues.readActor(id, { id: login, name: login }),
      logs: this.blobs,
    };
    const activities = createForgeWatchActivities({ pools, forge, mirrors, gates });
    return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(activities[name], { projectId });
  }

  /** What the delivery of an event leaves in the inbox. */
  async deliver(event: string, payload: unknown): Promise<void> {
    const hint = hintOf(event, payload);
    if (hint === undefined) throw new Error(`Nothing is kept of ${event}`);
    await this.sql(
      'INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES (gen_random_uuid(), $1, $2, $3)',
      event,
      JSON.stringify(hint),
      this.site.projectId,
    );
  }

  async push(text: string): Promise<void> {
    const files = { 'src/a.js': `${text}\n`, 'src/b.js': 'b\n' };
    this.headSha = await this.github.people.push({ repository: SHOP, branch: 'millwright/a', files });
    await this.sql('UPDATE task SET head_sha = $2, updated_at = now() WHERE id = $1', this.taskId, this.headSha);
  }

  async setState(state: string): Promise<void> {
    await this.sql('UPDATE task SET state = $2 WHERE id = $1', this.taskId, state);
  }

  /** As the task stores it when a verification of the head ends. @returns the id of the evidence */
  async verified(
    outcome: string,
    { log, failed = [], tree }: { log?: string; failed?: readonly string[]; tree?: string } = {},
  ): Promise<string> {
    this.verdicts += 1;
    const id = randomUUID();
    const isRed = outcome === 'red';
    if (isRed || outcome === 'passed')
      await this.sql(
        `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, failed_tests, log_ref, build_id,
           duration_ms, expires_at)
         VALUES ($1, $2, gen_random_uuid()::text, 'test', $3, $4, $5, $6, 'task/x/1', 1234, now() + interval '1 day')`,
        id,
        this.site.projectId,
        tree ?? (await this.github.people.git(SHOP, 'rev-parse', `${this.headSha}^{tree}`)).trim(),
        isRed ? 'failed' : 'passed',
        failed,
        log === undefined ? null : await this.blobs.put(log),
      );
    const said = { outcome, round: this.verdicts, checks: isRed ? 'test' : '', head: this.headSha, evidence: id };
    await this.sql(
      `INSERT INTO event (stream_id, seq, type, project_id, task_id, data) VALUES ($1, $2, 'task.checks', $3, $4, $5)`,
      this.taskId,
      this.verdicts,
      this.site.projectId,
      this.taskId,
      JSON.stringify(said),
    );
    return id;
  }

  enqueue(seq = 1) {
    return this.sql(
      `INSERT INTO queue_entry (id, project_id, branch, pr_number, owner, title, head_ref, head_sha, seq, state,
         enqueued_by, enqueued_at)
       VALUES (gen_random_uuid(), $1, 'main', 1, 'task/x', 'Add @all', 'millwright/a', $2, $3::integer, 'queued', 'test',
         now() + $3::integer * interval '1 second')`,
      this.site.projectId,
      this.headSha,
      seq,
    );
  }

  entries(set: string, ...values: readonly unknown[]) {
    const text = `UPDATE queue_entry SET ${set} WHERE project_id = $1 AND decided_at IS NULL`;
    return this.sql(text, this.site.projectId, ...values);
  }

  /** The entry fails its checks, which said so on one line. */
  async eject(): Promise<void> {
    const logRef = await this.blobs.put('src/a.js:2:1: error: no');
    const failedChecks = [{ name: 'test', failedTests: ['adds'], logRef }];
    const detail = { evidence: [], failedChecks, tree: 'd'.repeat(40) };
    const set = `state = 'ejected', reason = 'CHECKS_FAILED', detail = $2, decided_at = now()`;
    await this.entries(set, JSON.stringify(detail));
  }

  /** The check runs of ours, oldest first. */
  get runs(): readonly CheckRun[] {
    return this.github.state.checkRuns;
  }

  shown(): readonly (readonly [string, string, string | null])[] {
    return this.runs.map(({ headSha, status, conclusion, title }) => [headSha, conclusion ?? status, title]);
  }

  writes(): number {
    const isWrite = (method: string, path: string): boolean => method !== 'GET' && path.includes('/check-runs');
    return this.github.requests.filter(({ method, path }) => isWrite(method, path)).length;
  }
}
