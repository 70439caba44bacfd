import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logging.js';
import { type Launched, type LaunchOptions, launch } from './launch.js';

export interface ProcessSpec extends Omit<LaunchOptions, 'output'> {
  readonly name: string;
  readonly logFile: string;
  /** Runs before each start; a throw counts as a failed start. */
  readonly prepare?: () => Promise<void>;
  /** Asks the process to end in its own time. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** After which it is killed. */
  readonly stopTimeoutMs: number;
}

export interface ProcessView {
  readonly name: string;
  readonly state: 'starting' | 'running' | 'waiting' | 'stopped';
  readonly pid: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
/** A process that lived this long was healthy, and its next restart is at once again. */
const HEALTHY_MS = 10_000;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** A program that is started again whenever it ends, until it is stopped. */
export class SupervisedProcess {
  private child: Launched | undefined;
  private state: ProcessView['state'] = 'starting';
  private starts = 0;
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly spec: ProcessSpec,
    private readonly logger: Logger,
    private readonly onChange: () => void,
  ) {}

  get view(): ProcessView {
    const { name } = this.spec;
    return { name, state: this.state, pid: this.child?.pid, restarts: Math.max(0, this.starts - 1) };
  }

  start(): void {
    this.loop = this.keepAlive();
  }

  /** Kills it without ceremony; it is started again. For one that lives and does not answer. */
  restart(): void {
    this.child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { stopSignal = 'SIGTERM', stopTimeoutMs } = this.spec;
    this.child?.kill(stopSignal);
    const killer = setTimeout(() => this.child?.kill('SIGKILL'), stopTimeoutMs);
    await this.loop;
    clearTimeout(killer);
  }

  /** The end of its log, for a message about a failed start. */
  logTail(lines = 5): string {
    if (!existsSync(this.spec.logFile)) return '';
    return readFileSync(this.spec.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  private async keepAlive(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (!this.stopping.signal.aborted) {
      const startedAtMs = performance.now();
      const end = await this.runOnce();
      if (this.stopping.signal.aborted) break;
      if (performance.now() - startedAtMs > HEALTHY_MS) waitMs = FIRST_WAIT_MS;
      this.logger.warn({ process: this.spec.name, end, waitMs }, 'process ended; starting it again');
      this.become('waiting');
      await sleep(waitMs, undefined, { signal: this.stopping.signal }).catch(() => {}); // stopped while waiting
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
    this.become('stopped');
  }

  /** Answers how it ended: exit code, signal, or the reason why it could not start. */
  private async runOnce(): Promise<string> {
    this.starts++;
    this.become('starting');
    let child: Launched;
    try {
      await this.spec.prepare?.();
      if (this.stopping.signal.aborted) return 'stopped';
      rotate(this.spec.logFile);
      const output = openSync(this.spec.logFile, 'a', 0o600);
      child = launch({ ...this.spec, output });
      closeSync(output);
    } catch (error) {
      return String(error);
    }
    this.child = child;
    this.become('running');
    const end = await child.ended;
    this.child = undefined;
    return end;
  }

  private become(state: ProcessView['state']): void {
    this.state = state;
    this.onChange();
  }
}

const rotate = (logFile: string): void => {
  if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
};
