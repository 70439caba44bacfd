import type { BlobStore } from '../../../infra/artifacts.js';
import type { TurnRow } from '../../store/turn.repository.js';
import { type EncodedBlocks, type EncodedMessage, joinBlocks, NO_BLOCKS } from './encode.js';

/**
 * What one turn adds before its reply. Kept under the turn's `request_ref`, as JSON: a plain array of blocks, or with
 * a cut, which replaces everything before turn `cut` by `base`.
 */
export type TurnRequest =
  | { readonly kind: 'added'; readonly blocks: EncodedBlocks }
  | {
      readonly kind: 'cut';
      readonly cut: number;
      /** Prompt, digest of the turns that were left out, and the mail they brought. */
      readonly base: EncodedBlocks;
      readonly blocks: EncodedBlocks;
    };

export const writeRequest = (request: TurnRequest): string =>
  request.kind === 'added'
    ? request.blocks
    : `{"cut":${request.cut},"base":${request.base},"blocks":${request.blocks}}`;

export function readRequest(text: string): TurnRequest {
  if (text.startsWith('[')) return { kind: 'added', blocks: text };
  const { cut, base, blocks } = JSON.parse(text) as { cut: number; base: object[]; blocks: object[] };
  // Encoding what was just decoded gives the same text: JSON.parse keeps the order of keys, and JSON.stringify made it.
  return { kind: 'cut', cut, base: JSON.stringify(base), blocks: JSON.stringify(blocks) };
}

/** One sealed turn with its texts. */
export interface TurnTexts {
  readonly seq: number;
  readonly request: TurnRequest;
  readonly reply: EncodedBlocks;
  readonly results: EncodedBlocks;
}

export const loadTurn = async (blobs: BlobStore, row: TurnRow): Promise<TurnTexts> => {
  const read = (ref: string | null): Promise<string> => (ref === null ? Promise.resolve(NO_BLOCKS) : blobs.get(ref));
  const [request, reply, results] = await Promise.all([
    read(row.requestRef),
    read(row.responseRef),
    read(row.resultsRef),
  ]);
  return { seq: row.seq, request: readRequest(request), reply, results };
};

export const encodePrompt = (prompt: string): EncodedBlocks => JSON.stringify([{ type: 'text', text: prompt }]);

/**
 * The messages before turn `next.seq`, and that turn's own. A user message is the results of the turn before and what
 * the turn adds; an empty reply leaves no message, which the vendor would refuse.
 */
export function messagesOf(
  prompt: EncodedBlocks,
  turns: readonly TurnTexts[],
  next: TurnRequest,
): readonly EncodedMessage[] {
  const requests = [...turns.map(({ request }) => request), next];
  const madeAt = requests.findLastIndex(({ kind }) => kind === 'cut');
  const cut = requests[madeAt];
  const from = cut?.kind === 'cut' ? cut.cut : (turns[0]?.seq ?? 0);
  const kept = turns.filter(({ seq }) => seq >= from);
  const messages: EncodedMessage[] = [];
  const add = (role: EncodedMessage['role'], blocks: EncodedBlocks): void => {
    if (blocks !== NO_BLOCKS) messages.push({ role, blocks });
  };
  // A base holds what was added up to and including turn `from`, unless the cut was made in that very turn.
  const isOwnTurn = (turns[madeAt]?.seq ?? from) === from && (madeAt < turns.length || kept.length === 0);
  const first = kept[0]?.request.blocks ?? next.blocks;
  if (cut?.kind !== 'cut') add('user', joinBlocks(prompt, first));
  else add('user', isOwnTurn ? joinBlocks(cut.base, cut.blocks) : cut.base);
  kept.forEach((turn, index) => {
    add('assistant', turn.reply);
    const following = kept[index + 1]?.request ?? next;
    add('user', joinBlocks(turn.results, following.blocks));
  });
  return messages;
}
