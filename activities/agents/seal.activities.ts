import type { BlobStore } from '../../infra/artifacts.js';
import { faultPoint } from '../../infra/fault-point.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { SealActivities, SealTurnInput, SealTurnOutcome } from '../../workflows/contract/activities/agents.js';
import { findAgentRun } from '../store/agent-run.repository.js';
import { findTurn, listTurns } from '../store/turn.repository.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { keepResults } from './keep-results.js';
import { isStuck } from './stuck.js';

/** Keeps the files of a tree at the task's checkpoint ref. Repeatable. @throws WorktreeLost, Superseded */
export type KeepCheckpoint = (input: SealTurnInput, signal: AbortSignal) => Promise<Omit<SealTurnOutcome, 'stuck'>>;

export interface SealDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  /** Not asked for a turn without a tree, nor for one whose host may hold edits of a lost call. */
  readonly keepCheckpoint: KeepCheckpoint;
}

/** A repeat answers the checkpoint of the first seal. A turn without a reply has nothing to seal but the tree. */
export const createSealActivities = (deps: SealDeps): SealActivities => ({
  sealTurn: (input) =>
    withHeartbeat(async (signal) => {
      const { runId, turn } = input;
      const db = deps.pools.writes;
      let kept: Omit<SealTurnOutcome, 'stuck'> = {};
      const before = await findTurn(db, runId, turn);
      if (!before?.isSealed) {
        const run = await findAgentRun(db, runId);
        kept = input.treeId && !input.lost ? await deps.keepCheckpoint(input, signal) : {};
        if (run && before) await keepResults(deps, run, before, kept.checkpointSha);
        await faultPoint('checkpoint.after-record-before-ack');
        if (!before) return { ...kept, stuck: false };
      }
      const turns = (await listTurns(db, runId)).filter(({ seq }) => seq <= turn);
      const checkpointSha = turns.at(-1)?.checkpointRef;
      return { ...kept, ...(checkpointSha ? { checkpointSha } : {}), stuck: isStuck(turns) };
    }),
});
