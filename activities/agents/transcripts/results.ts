import { capText } from '../../../domain/prompt-data.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { ClaimRow } from '../../store/claim.repository.js';

const MAX_RESULT_CHARS = 60_000;

export const UNKNOWN_OUTCOME =
  'The outcome of this call is unknown: the machine that ran it stopped before it could say. It may or may not have had its effect; look before you repeat it.';
export const NOT_RUN = 'This call was not run: a reply may hold at most 32 calls. Repeat it in another reply.';

/** The text that answers a call: what its claim kept, or that nobody knows. */
export async function resultText(blobs: BlobStore, claim: ClaimRow | undefined): Promise<string> {
  if (!claim || claim.state === 'open' || claim.state === 'unknown') return UNKNOWN_OUTCOME;
  const text = claim.resultRef === null ? '' : await blobs.get(claim.resultRef);
  // The vendor refuses an empty result.
  return text.trim() === '' ? '(no output)' : capText(text, MAX_RESULT_CHARS);
}

export const resultBlock = (callId: string, text: string, isError: boolean): object => ({
  type: 'tool_result',
  tool_use_id: callId,
  content: text,
  ...(isError ? { is_error: true } : {}),
});
