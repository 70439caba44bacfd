import type { ConnectionOptions } from './connection.js';
import { PipelinedReads } from './reads.js';
import { WritePool } from './writes.js';

export interface Pools {
  /** Single reading statements. */
  readonly reads: PipelinedReads;
  /** Everything else; the argument of `withTransaction`. */
  readonly writes: WritePool;
  close(): Promise<void>;
}

export interface PoolSizes {
  /** Connections shared by all reads. Default 4. */
  readonly reads?: number;
  /** Transactions at once. Default 10. */
  readonly writes?: number;
}

/** Opens nothing yet: connections come with the first statements and come back after the server did. */
export const createPools = (options: ConnectionOptions, sizes: PoolSizes = {}): Pools => {
  const reads = new PipelinedReads(options, sizes.reads ?? 4);
  const writes = new WritePool(options, sizes.writes ?? 10);
  return {
    reads,
    writes,
    close: async () => {
      await Promise.all([reads.close(), writes.close()]);
    },
  };
};
