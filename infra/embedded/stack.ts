import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import type { Config, Environment } from '../config.js';
import type { Logger } from '../logging.js';
import { type OwnerLock, tryOwnerLock } from '../owner-lock.js';
import { migrate, readMigrations } from '../pg/migrate.js';
import { ownIdentity } from '../process-identity.js';
import {
  connectTemporal,
  probeTemporal,
  registerNamespaceAndSearchAttributes,
  type SearchAttributeKeyLike,
  type TemporalClient,
  type TemporalEndpoint,
} from '../temporal.js';
import { refuseHalfRestored } from './half-restored.js';
import { prepareHome } from './home.js';
import { choosePorts, type Ports } from './ports.js';
import { probePostgresLives } from './postgres-server.js';
import type { Progress } from './progress.js';
import { embedPostgres, type ServiceCommand, serviceSpec, temporalSpec } from './specs.js';
import { type StackFacts, writeStackFacts } from './stack-file.js';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.js';
import { locateTemporal } from './temporal-cli.js';
import { type Probe, untilReady, watch } from './watch.js';

export interface StackOptions {
  readonly config: Config;
  /** Started in this order when the stores are ready, and stopped in the opposite one. */
  readonly services: readonly ServiceCommand[];
  readonly searchAttributes: readonly SearchAttributeKeyLike[];
  /** Runs once after the migrations and before the services: first admin key, default agents. */
  readonly onDatabaseReady?: (databaseUrl: string) => Promise<void>;
  readonly say: Progress;
  readonly logger: Logger;
  /** Between two probes of PostgreSQL and of Temporal. Default 5 s. */
  readonly probeEveryMs?: number;
}

/**
 * Everything of one home, as children of this process: PostgreSQL, Temporal, API, worker. Each is started again when
 * it dies; all of them die with this process, however it ends.
 */
export class Stack {
  private readonly processes: SupervisedProcess[] = [];
  private readonly stopping = new AbortController();
  private readonly watches: Promise<void>[] = [];
  private readonly startedAt = new Date().toISOString();
  private phase: StackFacts['phase'] = 'starting';
  private temporal: TemporalClient | undefined;
  private endpoint: TemporalEndpoint | undefined;
  private isTemporalOurs = false;

  private constructor(
    private readonly options: StackOptions,
    private readonly lock: OwnerLock,
    private readonly ports: Ports,
  ) {}

  /**
   * Starts everything and answers when it is ready.
   * @throws Conflict when this home runs already; else whatever kept a part from starting, after stopping the rest
   */
  static async start(options: StackOptions): Promise<Stack> {
    const { config, say } = options;
    refuseHalfRestored(config.layout);
    prepareHome(config.layout, config.users);
    const attempt = tryOwnerLock(config.layout.lockFile);
    if (attempt.kind === 'taken') {
      const message = `Millwright runs already in ${config.layout.home} (process ${attempt.owner.pid}).`;
      throw new Failure('Conflict', message, { pid: attempt.owner.pid });
    }
    try {
      const { host, port } = config.api;
      const ports = await choosePorts(config.layout.portsFile, say, port === undefined ? undefined : { host, port });
      const stack = new Stack(options, attempt.lock, ports);
      await stack.run().catch(async (error: unknown) => {
        await stack.stop();
        throw error;
      });
      return stack;
    } catch (error) {
      // A second release does nothing, so it does not matter how far the stack came.
      attempt.lock.release();
      throw error;
    }
  }

  get facts(): StackFacts {
    const { config } = this.options;
    return {
      supervisor: ownIdentity(),
      phase: this.phase,
      startedAt: this.startedAt,
      apiUrl: `http://${config.api.host}:${this.ports.api}`,
      temporalAddress: this.endpoint?.address ?? `127.0.0.1:${this.ports.temporal}`,
      temporalNamespace: config.temporal.namespace,
      temporalUiUrl: this.temporalUiUrl,
      database: config.databaseUrl === undefined ? 'embedded' : 'external',
      processes: this.processes.map(({ view }) => view),
    };
  }

  /** Ends everything in reverse order and gives the home free. */
  async stop(): Promise<void> {
    this.phase = 'stopping';
    this.stopping.abort();
    this.publish();
    for (const process of [...this.processes].reverse()) {
      this.options.say(`Stopping ${process.view.name} …`);
      await process.stop();
    }
    await Promise.all(this.watches);
    await this.temporal?.close();
    this.lock.release();
  }

  private get temporalUiUrl(): string | undefined {
    if (this.isTemporalOurs) return `http://127.0.0.1:${this.ports.temporalUi}`;
    return this.options.config.temporal.uiUrl;
  }

  private async run(): Promise<void> {
    const { config, say, searchAttributes, services, onDatabaseReady } = this.options;
    const location = await this.locate();
    const databaseUrl = await this.startDatabase();
    const applied = await migrate({ databaseUrl, applicationName: 'millwright-up' }, await readMigrations());
    if (applied.length > 0) say(`PostgreSQL: applied ${applied.join(', ')}.`);
    await onDatabaseReady?.(databaseUrl);
    this.endpoint = await this.startTemporal(location);
    this.temporal ??= await connectTemporal(this.endpoint);
    await registerNamespaceAndSearchAttributes(this.temporal.connection, config.temporal.namespace, searchAttributes);
    const env = this.stackEnvironment(databaseUrl, this.endpoint);
    for (const service of services) {
      say(`Starting ${service.name} …`);
      await this.awaitService(service, this.launch(serviceSpec(config, service, env)), this.temporal);
    }
    this.phase = 'ready';
    this.publish();
  }

  private async awaitService(
    { name, isReady, lateAfterMs }: ServiceCommand,
    process: SupervisedProcess,
    temporal: TemporalClient,
  ): Promise<void> {
    if (isReady === undefined) return;
    const probe = (): Promise<void> => isReady({ pid: process.view.pid, apiUrl: this.facts.apiUrl, temporal });
    if (lateAfterMs === undefined) return untilReady(process, probe);
    try {
      await untilReady(process, probe, lateAfterMs);
    } catch (error) {
      // It is started again and again; what has come so far is worth more than nothing.
      this.options.logger.error({ err: error }, `${name} is late`);
      const log = join(this.options.config.layout.logs, `${name}.log`);
      this.options.say(`${name} is not ready yet, and is given more time: what it is for waits. Its log is ${log}.`);
    }
  }

  private locate(): ReturnType<typeof locateTemporal> {
    const { config, say } = this.options;
    const { temporal, temporalCli, searchPath, cacheDirectory } = config;
    return locateTemporal({ address: temporal.address, given: temporalCli, searchPath, cacheDirectory, say });
  }

  private async startDatabase(): Promise<string> {
    const { config, say } = this.options;
    if (config.databaseUrl !== undefined) {
      say('PostgreSQL: using DATABASE_URL; none is started.');
      return config.databaseUrl;
    }
    const { spec, databaseUrl, open } = await embedPostgres(config, this.ports, say);
    say('PostgreSQL: starting …');
    const process = this.launch(spec);
    await untilReady(process, open);
    this.watch(process, () => probePostgresLives(databaseUrl));
    return databaseUrl;
  }

  private async startTemporal(location: Awaited<ReturnType<typeof locateTemporal>>): Promise<TemporalEndpoint> {
    const { config, say } = this.options;
    if (location.kind === 'running') return { ...config.temporal, address: location.address };
    say('Temporal: starting …');
    const endpoint = { address: `127.0.0.1:${this.ports.temporal}`, namespace: config.temporal.namespace };
    const process = this.launch(temporalSpec(config, location.path, this.ports));
    this.isTemporalOurs = true;
    const probe = async (): Promise<void> => {
      this.temporal ??= await connectTemporal(endpoint);
      await probeTemporal(this.temporal);
    };
    await untilReady(process, probe);
    this.watch(process, probe);
    return endpoint;
  }

  private stackEnvironment(databaseUrl: string, endpoint: TemporalEndpoint): Environment {
    const { config } = this.options;
    return {
      MILLWRIGHT_HOME: config.layout.home,
      MILLWRIGHT_API_HOST: config.api.host,
      MILLWRIGHT_API_PORT: String(this.ports.api),
      MILLWRIGHT_TEMPORAL_UI_URL: this.temporalUiUrl,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: endpoint.address,
      TEMPORAL_NAMESPACE: endpoint.namespace,
    };
  }

  private launch(spec: ProcessSpec): SupervisedProcess {
    const process = new SupervisedProcess(spec, this.options.logger, () => this.publish());
    this.processes.push(process);
    process.start();
    return process;
  }

  private watch(process: SupervisedProcess, probe: Probe): void {
    const { logger, probeEveryMs: everyMs = 5_000 } = this.options;
    this.watches.push(watch({ process, probe, everyMs, logger, signal: this.stopping.signal }));
  }

  private publish(): void {
    try {
      writeStackFacts(this.options.config.layout, this.facts);
    } catch (error) {
      // The file only informs people; a full disk must not end the supervision.
      this.options.logger.error({ err: error }, 'cannot write what is running');
    }
  }
}
