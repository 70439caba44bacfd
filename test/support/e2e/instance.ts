import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ApiClient, type Resource } from '../../../cli/api-client.js';
import { type HomeLayout, homeLayout } from '../../../infra/config/layout.js';
import { type Config, loadConfig } from '../../../infra/config.js';
import { embeddedDatabaseUrl } from '../../../infra/embedded/postgres-server.js';
import { readStackFacts, type StackFacts } from '../../../infra/embedded/stack-file.js';
import { builtProgram } from '../built.js';
import { processesOf } from '../processes.js';
import { findTestCli } from '../temporal.js';
import { until } from '../until.js';

const CLI = builtProgram('cli/main.js');
const run = promisify(execFile);
/** Whole epics take their time on two busy cores; the bound only ends a test that would hang. */
const PATIENCE = { everyMs: 200, atMostMs: 8 * 60_000 };

export type PartName = 'worker' | 'api' | 'postgres' | 'temporal';

/** A whole Millwright of a test's own, as `millwright up` starts it. The build must be there. */
export class Instance {
  private constructor(
    /** Reachable for the sandbox's user; holds the home and whatever the test puts there. */
    readonly directory: string,
    readonly layout: HomeLayout,
    private readonly env: NodeJS.ProcessEnv,
    readonly api: ApiClient,
  ) {}

  static async start(
    options: {
      readonly env?: NodeJS.ProcessEnv;
      readonly prepare?: (directory: string) => void;
      readonly hostYml?: (directory: string) => string;
    } = {},
  ): Promise<Instance> {
    const directory = mkdtempSync(join(tmpdir(), 'millwright-e2e-'));
    chmodSync(directory, 0o711);
    const layout = homeLayout(join(directory, 'home'));
    options.prepare?.(directory);
    if (options.hostYml) {
      mkdirSync(layout.home, { recursive: true, mode: 0o711 });
      writeFileSync(layout.hostFile, options.hostYml(directory), { mode: 0o600 });
    }
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      MILLWRIGHT_HOME: layout.home,
      MILLWRIGHT_TUNING: 'brisk',
      MILLWRIGHT_TEMPORAL_CLI: await findTestCli(),
      ...options.env,
    };
    await run(process.execPath, [CLI, 'up'], { env });
    const facts = readStackFacts(layout);
    if (!facts) throw new Error('The instance is not running.');
    const key = readFileSync(layout.adminKeyFile, 'utf8').trim();
    return new Instance(directory, layout, env, new ApiClient(facts.apiUrl, key));
  }

  get facts(): StackFacts {
    const facts = readStackFacts(this.layout);
    if (!facts) throw new Error('The instance is not running.');
    return facts;
  }

  /** As its own processes read it. */
  get config(): Config {
    return loadConfig(this.env);
  }

  /** The environment that `up` gives its processes. */
  get environment(): NodeJS.ProcessEnv {
    return this.env;
  }

  /** Runs the command line against this instance; answers what it printed. */
  async cli(...args: readonly string[]): Promise<string> {
    return (await run(process.execPath, [CLI, ...args], { env: this.env })).stdout;
  }

  /** SIGKILL, as the kernel or a person would; answers when another process has taken its place. */
  async kill(name: PartName): Promise<void> {
    const pid = this.pidOf(name);
    process.kill(pid, 'SIGKILL');
    await until(() => this.pidOf(name) !== pid && this.pidOf(name) > 0, PATIENCE);
  }

  /** Whether every part answers a real round trip, a worker that polls included. */
  isReady(): Promise<boolean> {
    return this.api.get('/health/ready').then(
      () => true,
      () => false,
    );
  }

  async addProject(source: string, body: object = {}): Promise<Resource> {
    const { id } = await this.api.post('/projects', { source, ...body });
    await until(async () => (await this.api.get(`/projects/${id}`)).state !== 'importing', PATIENCE);
    return this.api.get(`/projects/${id}`);
  }

  /** Answers the epic once the condition holds. */
  async untilEpic(id: unknown, condition: (epic: Resource) => boolean): Promise<Resource> {
    let epic: Resource = {};
    await until(async () => {
      epic = await this.api.get(`/epics/${id}`).catch(() => epic);
      return condition(epic);
    }, PATIENCE);
    return epic;
  }

  /** Stops everything in order, or not at all when it is not running, and starts it again. */
  async restart({
    whileDown,
    dist,
  }: {
    readonly whileDown?: (layout: HomeLayout) => void;
    readonly dist?: string;
  } = {}): Promise<void> {
    await run(process.execPath, [CLI, 'down'], { env: this.env });
    whileDown?.(this.layout);
    await this.up(dist);
  }

  /** @param dist of another build, as after an upgrade */
  async up(dist?: string): Promise<void> {
    const cli = dist === undefined ? CLI : join(dist, 'cli/main.js');
    await run(process.execPath, [cli, 'up'], { env: this.env });
  }

  /** SIGKILL to every process of this home at once, agents included; answers how many there were. */
  async cutPower(): Promise<number> {
    const pids = await processesOf(this.layout.home);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It died with another one.
      }
    }
    await until(async () => (await processesOf(this.layout.home)).length === 0);
    return pids.length;
  }

  async stop(): Promise<void> {
    await run(process.execPath, [CLI, 'down'], { env: this.env });
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Rows of the instance's database. */
  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: this.env.DATABASE_URL ?? this.embeddedUrl() });
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  private embeddedUrl(): string {
    const { postgres } = JSON.parse(readFileSync(this.layout.portsFile, 'utf8')) as { readonly postgres: number };
    const password = readFileSync(this.layout.databasePasswordFile, 'utf8').trim();
    return embeddedDatabaseUrl({ port: postgres, password });
  }

  /** Tails of all logs, for a test that failed. */
  logs(lines = 40): string {
    return ['api', 'worker', 'up']
      .map((name) => join(this.layout.logs, `${name}.log`))
      .filter(existsSync)
      .map((file) => `== ${file}\n${readFileSync(file, 'utf8').split('\n').slice(-lines).join('\n')}`)
      .join('\n');
  }

  /** 0 while it is down. */
  pidOf(name: PartName): number {
    return this.facts.processes.find((process) => process.name === name)?.pid ?? 0;
  }
}
