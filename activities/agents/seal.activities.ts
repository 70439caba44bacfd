import type { BlobStore } from '../../infra/artifacts.js';
import { appendEvent } from '../../infra/pg/events.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { SealActivities, SealTurnInput } from '../../workflows/contract/activities/agents.js';
import { type AgentRun, findAgentRun } from '../store/agent-run.repository.js';
import { closeOpenClaims, listClaims } from '../store/claim.repository.js';
import { findTurn, listTurns, sealTurnRow, type TurnCall, type TurnRow } from '../store/turn.repository.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { MAX_CALLS_PER_TURN } from './model-step.js';
import { isStuck } from './stuck.js';
import { encodeBlocks } from './transcripts/encode.js';
import { NOT_RUN, resultBlock, resultText } from './transcripts/results.js';

/** Keeps the files of a tree at the task's checkpoint ref. Repeatable. @throws WorktreeLost, Superseded */
export type KeepCheckpoint = (input: SealTurnInput, signal: AbortSignal) => Promise<string | undefined>;

export interface SealDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  /** Not asked for a turn without a tree, nor for one whose host may hold edits of a lost call. */
  readonly keepCheckpoint: KeepCheckpoint;
}

interface Results {
  readonly calls: readonly TurnCall[];
  readonly resultsRef: string | null;
}

/** Every call of the reply gets an answer, or the vendor refuses the conversation for ever. */
async function collectResults({ pools, blobs }: SealDeps, runId: string, turn: TurnRow): Promise<Results> {
  const claims = new Map((await listClaims(pools.writes, runId, turn.seq)).map((claim) => [claim.callId, claim]));
  const answers = await Promise.all(
    turn.calls.map(async (call, index) => {
      const claim = claims.get(call.id);
      const text = !claim && index >= MAX_CALLS_PER_TURN ? NOT_RUN : await resultText(blobs, claim);
      const ok = claim?.state === 'done';
      const resultRef = await blobs.put(text);
      const sealed = { ...call, resultRef, ok, ...(claim?.ms == null ? {} : { ms: claim.ms }) };
      return { sealed, block: resultBlock(call.id, text, !ok) };
    }),
  );
  const resultsRef = answers.length === 0 ? null : await blobs.put(encodeBlocks(answers.map(({ block }) => block)));
  return { calls: answers.map(({ sealed }) => sealed), resultsRef };
}

async function seal(deps: SealDeps, run: AgentRun, turn: TurnRow, checkpointRef: string | undefined): Promise<void> {
  const { runId } = run;
  const results = await collectResults(deps, runId, turn);
  await withTransaction(deps.pools.writes, async (tx) => {
    const row = { runId, seq: turn.seq, ...results, checkpointRef: checkpointRef ?? null };
    if (!(await sealTurnRow(tx, row))) return;
    await closeOpenClaims(tx, runId, turn.seq);
    const { projectId, epicId, taskId } = run;
    await appendEvent(tx, {
      runId,
      projectId,
      ...(epicId === null ? {} : { epicId }),
      ...(taskId === null ? {} : { taskId }),
      type: 'run.turn',
      data: { turn: turn.seq, calls: results.calls.map(({ title, ok }) => ({ title, ok: ok ?? false })) },
    });
  });
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
        if (run && before) await seal(deps, run, before, checkpoint);
        if (!before) return { ...(checkpoint ? { checkpointSha: checkpoint } : {}), stuck: false };
      }
      const turns = (await listTurns(db, runId)).filter(({ seq }) => seq <= turn);
      const checkpointSha = turns.at(-1)?.checkpointRef;
      return { ...(checkpointSha ? { checkpointSha } : {}), stuck: isStuck(turns) };
    }),
});
