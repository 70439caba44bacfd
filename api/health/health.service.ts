import { Inject, Injectable } from '@nestjs/common';
import type { Pools } from '../../infra/pg/pools.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { POOLS } from '../dependencies.js';
import { WorkflowGateway } from '../temporal/workflow-gateway.js';

export interface PartHealth {
  readonly status: 'up' | 'down';
  /** Why it is down, in one sentence. */
  readonly reason?: string;
}

@Injectable()
export class HealthService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    private readonly workflows: WorkflowGateway,
  ) {}

  /** Asks each part to do something, because a port that answers proves nothing. */
  async check(): Promise<Readonly<Record<'postgres' | 'temporal' | 'worker', PartHealth>>> {
    const [postgres, temporal, worker] = await Promise.all([
      part('The database does not answer.', () => this.pools.writes.query({ text: 'SELECT 1' })),
      part('Temporal does not answer.', () => this.workflows.probe()),
      part('No worker polls for work.', () => this.requirePollers()),
    ]);
    return { postgres, temporal, worker };
  }

  private async requirePollers(): Promise<void> {
    if ((await this.workflows.countPollers(QUEUE.shared)) === 0) throw new Error('no pollers');
  }
}

const part = async (reason: string, probe: () => Promise<unknown>): Promise<PartHealth> => {
  try {
    await probe();
    return { status: 'up' };
  } catch {
    // Whatever it is, the caller needs to know which part; the log of that part says more.
    return { status: 'down', reason };
  }
};
