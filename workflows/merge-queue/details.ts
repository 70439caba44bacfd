import { laneMode } from '../../domain/merge/facts.js';
import type { QueueState } from '../../domain/merge/types.js';
import { entryViews } from '../../domain/merge/views.js';

const SHOWN = 20;

/** Markdown for the Web UI: the lane, and for each entry what it waits for. */
export function queueDetails(state: QueueState, branch: string, nowMs: number): string {
  const { lane } = state;
  const mode = laneMode(lane);
  const why = lane.red?.reason ?? lane.reason;
  const entries = entryViews(state, nowMs, SHOWN);
  const lines = entries.map(
    (entry) => `${entry.position}. #${entry.prNumber} ${entry.title}: **${entry.status}** (${entry.why.kind})`,
  );
  const hidden = state.entries.length - entries.length;
  const more = hidden > 0 ? [`… and ${hidden} more`] : [];
  return [
    `**Merge queue of \`${branch}\`**${state.projectName === undefined ? '' : ` of project ${state.projectName}`}: lane ${mode}${mode === 'open' || !why ? '' : ` (${why})`}, tip \`${state.tip.slice(0, 12)}\``,
    '',
    ...(entries.length > 0 ? [...lines, ...more] : ['No entries: waits for the next one.']),
  ].join('\n');
}
