import { dataLine } from '../../../domain/prompt-data.js';
import type { TurnRow } from '../../store/turn.repository.js';
import { type EncodedBlocks, encodeBlocks, joinBlocks } from './encode.js';
import type { TurnRequest, TurnTexts } from './transcript.js';

const outcomeOf = (ok: boolean | undefined): string => (ok === undefined ? 'unknown' : ok ? 'ok' : 'failed');

/** What was done in the turns that are left out, one line a call: the files themselves are still there to be read. */
export const digestOf = (rows: readonly TurnRow[]): string => {
  const lines = rows.flatMap(({ seq, calls }) =>
    calls.map(({ title, ok }) => `turn ${seq}: ${dataLine(title)} → ${outcomeOf(ok)}`),
  );
  return [
    'The conversation grew too long, so its older part was left out. Your changes to files are kept: read what you need again.',
    'Calls that were made before:',
    ...(lines.length > 0 ? lines : ['none']),
  ].join('\n');
};

/**
 * Leaves out all but the newest `keep` turns. Their prompt, a digest, and every mail and note that they brought stay,
 * so nothing that a person said is lost.
 */
export function compact(
  prompt: EncodedBlocks,
  turns: readonly TurnTexts[],
  rows: readonly TurnRow[],
  { keep, blocks }: { readonly keep: number; readonly blocks: EncodedBlocks },
): Extract<TurnRequest, { kind: 'cut' }> {
  const kept = keep === 0 ? [] : turns.slice(-keep);
  const cut = kept[0]?.seq ?? (turns.at(-1)?.seq ?? -1) + 1;
  const gone = turns.filter(({ seq }) => seq < cut);
  const said = [...gone, ...kept.slice(0, 1)].map(({ request }) => request.blocks);
  const digest = encodeBlocks([{ type: 'text', text: digestOf(rows.filter(({ seq }) => seq < cut)) }]);
  return { kind: 'cut', cut, base: joinBlocks(prompt, digest, ...said), blocks };
}
