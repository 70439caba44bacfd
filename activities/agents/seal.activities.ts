import type { BlobStore } from '../../infra/artifacts.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { SealActivities, SealTurnInput } from '../../workflows/contract/activities/agents.js';
import { findAgentRun } from '../store/agent-run.repository.js';
import { findTurn, listTurns } from '../store/turn.repository.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { keepResults } from './keep-results.js';
import { isStuck } from './stuck.js';

/** Keeps the files of a tree at the task's checkpoint ref. Repeatable. @throws WorktreeLost, Superseded */
export type KeepCheckpoint = (input: SealTurnInput, signal: AbortSignal) => Promise<string | undefined>;

export interface SealDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  /** Not asked for a turn without a tree, nor for one whose host may hold edits of a lost call. */
  readonly keepCheckpoint: KeepCheckpoint;
}

/** A repeat answers what the first seal kept. A turn without a reply has nothing to seal but the tree. */
export const createSealActivities = (deps: SealDeps): SealActivities => ({
  sealTurn: (input) =>
    withHeartbeat(async (signal) => {
      const { runId, turn } = input;
      const db = deps.pools.writes;
      const before = await findTurn(db, runId, turn);
      if (!before?.isSealed) {
        const run = await findAgentRun(db, runId);
        const checkpoint = input.treeId && !input.lost ? await deps.keepCheckpoint(input, signal) : undefined;
        if (run && before) await keepResults(deps, run, before, checkpoint);
        if (!before) return { ...(checkpoint ? { checkpointSha: checkpoint } : {}), stuck: false };
      }
      const turns = (await listTurns(db, runId)).filter(({ seq }) => seq <= turn);
      const checkpointSha = turns.at(-1)?.checkpointRef;
      return { ...(checkpointSha ? { checkpointSha } : {}), stuck: isStuck(turns) };
    }),
});
