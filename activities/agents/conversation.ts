import { Failure } from '../../domain/failures.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import type { TurnRow } from '../store/turn.repository.js';
import type { CachedBlobs } from './transcripts/cached-blobs.js';
import type { EncodedBlocks } from './transcripts/encode.js';
import { encodePrompt, loadTurn, type TurnTexts } from './transcripts/transcript.js';

/** A run so far: its prompt, and its turns with their texts. */
export interface Conversation {
  readonly prompt: EncodedBlocks;
  readonly rows: readonly TurnRow[];
  readonly turns: readonly TurnTexts[];
}

export async function loadConversation(
  blobs: CachedBlobs,
  run: AgentRun,
  rows: readonly TurnRow[],
): Promise<Conversation> {
  if (run.promptRef === null) throw new Failure('InvalidState', 'The run has no prompt.', { runId: run.runId });
  const [prompt, turns] = await Promise.all([
    blobs.made(run.promptRef, encodePrompt),
    Promise.all(rows.map((row) => loadTurn(blobs, row))),
  ]);
  return { prompt, rows, turns };
}
