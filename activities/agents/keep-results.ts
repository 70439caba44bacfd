import type { BlobStore } from '../../infra/artifacts.js';
import { appendEvent } from '../../infra/pg/events.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import { closeOpenClaims, listClaims } from '../store/claim.repository.js';
import { sealTurnRow, type TurnCall, type TurnRow } from '../store/turn.repository.js';
import { MAX_CALLS_PER_TURN } from './model-step.js';
import { encodeBlocks } from './transcripts/encode.js';
import { NOT_RUN, resultBlock, resultText } from './transcripts/results.js';

interface Stores {
  readonly pools: Pools;
  readonly blobs: BlobStore;
}

interface Results {
  readonly calls: readonly TurnCall[];
  readonly resultsRef: string | null;
}

/** Every call of the reply gets an answer, or the vendor refuses the conversation for ever. */
async function collectResults({ pools, blobs }: Stores, runId: string, turn: TurnRow): Promise<Results> {
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

/** Keeps the results of a turn. Repeatable; the first seal stands. */
export async function keepResults(deps: Stores, run: AgentRun, turn: TurnRow, checkpointRef?: string): Promise<void> {
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
