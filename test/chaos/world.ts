import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient, Resource } from '../../cli/api-client.js';
import type { Acknowledged } from '../../infra/invariants/truths.js';
import { mergesIn } from '../demo/recheck.js';
import { fetchResult, makeRepository } from '../support/e2e/history.js';
import { Instance } from '../support/e2e/instance.js';
import { settle, type Tolerance, untilReady } from '../support/e2e/settle.js';
import { boughtTwice } from '../support/model-server/record.js';
import type { Scenario } from '../support/model-server/scenario.js';
import { type ModelServer, startModelServer } from '../support/model-server/server.js';
import { processesOf } from '../support/processes.js';
import { until } from '../support/until.js';
import type { CaseRun } from './case.js';
import { describeWrong, sameCounts } from './expect.js';
import { whileTasksEnd } from './patience.js';
import { REPOSITORY, scenarioOf, WORKER } from './scenario.js';

export interface WorldOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly scenario?: Scenario;
  readonly repository?: Readonly<Record<string, string>>;
  readonly prepare?: (directory: string) => void;
  /** Where the instance finds the model server that is at this address. Default: there. */
  readonly modelUrl?: (url: string) => Promise<string>;
  /** Host configuration; may write what it names into the directory. */
  readonly hostYml?: (directory: string) => string;
}

export interface Expected {
  /** How many complete replies may be on the bill twice: calls in flight at the fault. Default 0. */
  readonly boughtAgain?: number;
  /** Pull requests that land. Default: one a task and one an epic. */
  readonly landings?: number;
}

/** Logs of the last instance whose case failed. */
export const KEPT_LOGS = join(tmpdir(), 'millwright-chaos-logs');

/** A whole Millwright with a scripted model and a small repository, of one case alone. */
export class ChaosWorld {
  private readonly acknowledged: Acknowledged[] = [];
  private tasks = 0;
  private project = '';

  private constructor(
    readonly instance: Instance,
    readonly model: ModelServer,
    readonly source: string,
  ) {}

  static async open(run: CaseRun, options: WorldOptions = {}): Promise<ChaosWorld> {
    run.note('starting an instance');
    const model = await startModelServer({ scenario: options.scenario ?? scenarioOf(WORKER) });
    run.atEnd(() => model.close());
    const modelUrl = (await options.modelUrl?.(model.url)) ?? model.url;
    const starting = Instance.start({
      env: { ANTHROPIC_BASE_URL: modelUrl, ANTHROPIC_API_KEY: 'scripted-model-needs-no-key', ...options.env },
      ...(options.prepare ? { prepare: options.prepare } : {}),
      ...(options.hostYml ? { hostYml: options.hostYml } : {}),
    });
    // Asked for before it is there: an interruption may come while it starts.
    run.atEnd(async (isFailed) => {
      const started = await starting.catch(() => undefined); // the case tells why it did not start
      if (isFailed && started) cpSync(started.layout.logs, KEPT_LOGS, { recursive: true, force: true });
      await started?.stop();
    });
    const instance = await starting;
    const source = makeRepository(join(instance.directory, 'source'), options.repository ?? REPOSITORY);
    return new ChaosWorld(instance, model, source);
  }

  get api(): ApiClient {
    return this.instance.api;
  }

  /** Of the project that was added. */
  get projectId(): string {
    return this.project;
  }

  async addProject(body: object = {}): Promise<Resource> {
    const project = await this.instance.addProject(this.source, { name: 'chaos', ...body });
    if (project.state !== 'ready') throw new Error(`The project is ${project.state}: ${project.reason}`);
    this.project = String(project.id);
    this.noteAcknowledged('project', project.id);
    return project;
  }

  /** Files an epic that lands by itself, with tasks `<name>-1`, `<name>-2` and so on. */
  async fileEpic(name: string, tasks: number, more: object = {}): Promise<string> {
    const { id } = await this.api.post('/epics', this.epicBody(name, tasks, more));
    this.expectEpic(id, tasks);
    return String(id);
  }

  epicBody(name: string, tasks: number, more: object = {}): object {
    const keys = Array.from({ length: tasks }, (_, index) => `${name}-${index + 1}`);
    const plan = { tasks: keys.map((key) => ({ key, title: key, description: `Write ${key}.` })) };
    return { projectId: this.projectId, title: `Epic ${name}`, plan, land: 'auto', ...more };
  }

  /** The API has answered 2xx for this epic, so it must come to its end. */
  expectEpic(id: unknown, tasks: number): void {
    this.noteAcknowledged('epic', id);
    this.tasks += tasks;
  }

  noteAcknowledged(kind: Acknowledged['kind'], id: unknown): void {
    this.acknowledged.push({ kind, id: String(id) });
  }

  get hasStruck(): boolean {
    return existsSync(this.instance.layout.faultFile);
  }

  /** Every epic that was acknowledged is complete. @throws when one waits for a person */
  async untilDone(): Promise<void> {
    for (const { id } of this.acknowledged.filter(({ kind }) => kind === 'epic')) {
      const stuck = ({ waitingFor }: Resource): boolean => String(waitingFor).startsWith('somebody');
      const ended = await whileTasksEnd(this.instance, () =>
        this.instance.untilEpic(id, (epic) => epic.state === 'COMPLETED' || stuck(epic)),
      );
      if (ended.state !== 'COMPLETED')
        throw new Error(`The epic is ${ended.state}: it waits for ${ended.waitingFor}.${await this.runErrors()}`);
    }
    await untilReady(this.api);
  }

  /** Runs that did not complete, oldest first. */
  private async runErrors(): Promise<string> {
    const rows = await this.instance.query<Readonly<Record<'title' | 'kind' | 'state' | 'error', string | null>>>(
      `SELECT t.title, r.kind, r.state, r.error FROM run r LEFT JOIN task t ON t.id = r.task_id
       WHERE r.state <> 'completed' ORDER BY r.id`,
    );
    return rows.map(({ title, kind, state, error }) => `\n  ${kind} of ${title}: ${state} ${error ?? ''}`).join('');
  }

  /** Everything is done, once, and nothing is left. @throws with whatever is not so */
  async verdict({ boughtAgain = 0, ...expected }: Expected = {}): Promise<void> {
    await this.untilDone();
    const { counts } = await this.holds();
    const epics = this.acknowledged.filter(({ kind }) => kind === 'epic').length;
    const landings = expected.landings ?? epics + this.tasks;
    sameCounts(counts, { epics, tasks: this.tasks, landings });
    const { pullCommand } = await this.api.get(`/projects/${this.projectId}`);
    const pulled = await this.pulledMerges(String(pullCommand));
    if (pulled.length !== landings || new Set(pulled).size !== landings)
      throw new Error(
        `Expected ${landings} merges, each pull request once, and pulled ${[...pulled].sort().join(', ')}.`,
      );
    this.requireOnce();
    const again = boughtTwice(this.model.record.lines).size;
    if (again > boughtAgain) throw new Error(`${again} replies were bought twice; ${boughtAgain} were in flight.`);
  }

  /** All promises hold, whatever is still open. */
  async holds(tolerance: Tolerance = {}): Promise<Awaited<ReturnType<typeof settle>>> {
    const bill = this.model.record.billed;
    const report = await settle(this.instance.config, { bill, acknowledged: this.acknowledged, ...tolerance });
    if (report.findings.length > 0) throw new Error(describeWrong(report));
    return report;
  }

  /** The fault that was asked for has struck. */
  async untilStruck(): Promise<void> {
    await until(() => this.hasStruck, { everyMs: 50, atMostMs: 300_000 });
  }

  /** Pull requests whose merges come with the project's `git pull` line. */
  async pulledMerges(pullCommand: string): Promise<readonly number[]> {
    await fetchResult(this.source, pullCommand);
    return mergesIn(this.source).map(({ number }) => number);
  }

  /** What the files of the tasks say: each command ran once. */
  private requireOnce(): void {
    for (const name of readdirSync(this.source).filter((one) => one.endsWith('.log'))) {
      const text = readFileSync(join(this.source, name), 'utf8');
      if (text !== 'ran\n') throw new Error(`${name} shows that its command ran ${text.split('\n').length - 1} times.`);
    }
  }

  /** After `down`. @throws when a process is left */
  async requireNoProcess(): Promise<void> {
    await until(async () => (await processesOf(this.instance.layout.home)).length === 0);
  }
}
