import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { agentsToRegister, registerAgents } from '../../../activities/store/agent.repository.js';
import { loadConfig } from '../../../infra/config.js';
import type { TestDatabase } from '../../../test/support/postgres.js';
import { ensureFactory } from '../../../workers/duties/ensure-factory.js';
import { type History, type Platform, startPlatform } from '../platform.js';
import { PLAIN_TABLE } from './plain-activities.js';
import type { Asked } from './scripted-agent.js';

export interface RigOptions {
  /** Epics that are admitted together. */
  readonly atOnce: number;
  /** Turns of a run; default 2: one that writes, one that ends. */
  readonly turns?: number;
  /** Default: in the embedded server's file. */
  readonly history?: History;
}

/**
 * Everything that is ours and real (workflows, store, ledger, transcripts, PostgreSQL, the embedded server with its file)
 * around a scripted model and a forge, trees and checks that take no time.
 */
export class FactoryRig {
  private worker: ChildProcess | undefined;

  private constructor(
    private readonly platform: Platform,
    private readonly turns: number,
  ) {}

  static async start({ atOnce, turns = 2, history }: RigOptions): Promise<FactoryRig> {
    const platform = await startPlatform(history);
    const { database, environment } = platform;
    const { models, host } = loadConfig();
    await registerAgents(database.pools.writes, agentsToRegister(models, host.agents));
    await database.pools.writes.query({ text: PLAIN_TABLE });
    const rig = new FactoryRig(platform, turns);
    await rig.startWorker();
    await ensureFactory(environment.client, {
      tuning: 'normal',
      limits: { maxEpics: atOnce, maxWorkers: 10 * atOnce },
    });
    return rig;
  }

  get database(): TestDatabase {
    return this.platform.database;
  }

  get client(): Client {
    return this.platform.environment.client;
  }

  get workerPid(): number {
    return this.worker?.pid ?? 0;
  }

  async startWorker(): Promise<void> {
    const { database, environment, directory } = this.platform;
    const args = [environment.address, database.url, directory, String(this.turns)];
    this.worker = fork(join(import.meta.dirname, 'worker.main.js'), args);
    const [message] = (await once(this.worker, 'message')) as [{ readonly ready?: boolean }];
    if (message.ready !== true) throw new Error('the worker said something before it was ready');
  }

  async killWorker(): Promise<void> {
    if (this.worker === undefined) return;
    const ended = once(this.worker, 'exit');
    this.worker.kill('SIGKILL');
    await ended;
  }

  /** Resolves when the followed run has asked the model once more, or as often as said. */
  async asked(name: string, times = 1): Promise<void> {
    const worker = this.worker;
    if (worker === undefined) throw new Error('there is no worker');
    let left = times;
    await new Promise<void>((resolve) => {
      const hear = ({ asked }: Partial<Asked>): void => {
        if (asked !== name) return;
        left -= 1;
        if (left > 0) return;
        worker.off('message', hear);
        resolve();
      };
      worker.on('message', hear);
    });
  }

  async stop(): Promise<void> {
    if (this.worker?.exitCode === null && this.worker.signalCode === null) {
      const ended = once(this.worker, 'exit');
      this.worker.disconnect();
      await ended;
    }
    await this.platform.stop();
  }
}
