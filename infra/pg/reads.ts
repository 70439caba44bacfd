import pg from 'pg';
import { type ConnectionOptions, closeConnection, connectionConfig } from './connection.js';
import { toDatabaseFailure } from './failures.js';
import type { Answer, Queryable, Statement } from './statement.js';

interface Lane {
  readonly client: pg.Client;
  readonly ready: Promise<void>;
  isReady: boolean;
  inFlight: number;
}

/**
 * Single reading statements over a few pipelined connections: many callers share one connection, and a statement does
 * not wait for the answer to the one before it. Transactions, cursors and anything that changes the session's state
 * would leak into other callers' statements and belong to the writes.
 */
export class PipelinedReads implements Queryable {
  private readonly lanes = new Set<Lane>();
  private isClosed = false;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly maxConnections: number,
  ) {}

  query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<Answer<Row>> {
    return this.ask(this.lane(), statement);
  }

  /**
   * Small statements that are asked for at once and travel in one write, on one connection. `work` asks for all of them
   * before its first wait; what comes later travels by itself.
   */
  async together<T>(work: (reads: Queryable) => Promise<T>): Promise<T> {
    const lane = this.lane();
    lane.inFlight++;
    try {
      await lane.ready.catch((error: unknown) => {
        throw toDatabaseFailure(error);
      });
      const { stream } = lane.client.connection;
      stream.cork();
      const asked = (async () => work({ query: (statement) => this.ask(lane, statement) }))();
      stream.uncork();
      return await asked;
    } finally {
      lane.inFlight--;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const lanes = [...this.lanes];
    this.lanes.clear();
    await Promise.all(lanes.map((lane) => lane.ready.then(() => closeConnection(lane.client)).catch(() => {})));
  }

  private async ask<Row extends object>(lane: Lane, statement: Statement): Promise<Answer<Row>> {
    lane.inFlight++;
    try {
      if (!lane.isReady) await lane.ready;
      const { rows, rowCount } = await lane.client.query({
        ...statement,
        values: statement.values === undefined ? [] : [...statement.values],
      });
      return { rows, rowCount: rowCount ?? 0 };
    } catch (error) {
      const failure = toDatabaseFailure(error);
      // A client that saw its connection break is never used again.
      if (failure.type === 'Unavailable') this.discard(lane);
      throw failure;
    } finally {
      lane.inFlight--;
    }
  }

  /** Another connection is opened only when every open one is busy. */
  private lane(): Lane {
    if (this.isClosed) throw toDatabaseFailure(new Error('Connection ended: the reads are closed'));
    let calmest: Lane | undefined;
    for (const lane of this.lanes) {
      if (calmest === undefined || lane.inFlight < calmest.inFlight) calmest = lane;
    }
    if (calmest !== undefined && (calmest.inFlight === 0 || this.lanes.size >= this.maxConnections)) return calmest;
    return this.open();
  }

  private open(): Lane {
    const client = new pg.Client({ ...connectionConfig(this.options), pipeline: true });
    const ready = client.connect().then(() => {
      lane.isReady = true;
    });
    const lane: Lane = { client, ready, isReady: false, inFlight: 0 };
    client.on('error', () => this.discard(lane));
    client.on('end', () => this.discard(lane));
    // Each caller awaits `ready` itself; this keeps a failed one without callers from ending the process.
    lane.ready.catch(() => this.discard(lane));
    this.lanes.add(lane);
    return lane;
  }

  /** Statements in flight on it fail by themselves when the connection goes. */
  private discard(lane: Lane): void {
    if (!this.lanes.delete(lane)) return;
    void closeConnection(lane.client);
  }
}
