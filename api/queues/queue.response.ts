import { ApiProperty } from '@nestjs/swagger';
import { GITHUB_RATES, waitOf } from '../../domain/forge/rate.js';
import type { EndedView, EntryView, QueueView, WhyView } from '../../domain/merge/view-model.js';
import { caveatsOf } from '../../domain/project-config/caveats.js';
import { awaitedContextWords, baseGoneWords, forgeWaitWords } from '../../domain/waiting-words.js';
import type { EntryRow, LaneRow } from './queue.repository.js';

export class QueueLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String }) readonly entries!: string;
  @ApiProperty({ type: String, nullable: true, description: "The workflow's page in the Temporal Web UI." })
  readonly temporal!: string | null;
}

export class QueueResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String }) readonly projectName!: string;
  @ApiProperty({ type: String }) readonly branch!: string;
  @ApiProperty({ type: String, enum: ['open', 'draining', 'paused', 'red'] }) readonly mode!: string;
  @ApiProperty({ type: [String], description: 'person, factory, incident' }) readonly pausedBy!: readonly string[];
  @ApiProperty({ type: Boolean }) readonly draining!: boolean;
  @ApiProperty({ type: String }) readonly by!: string;
  @ApiProperty({ type: String }) readonly reason!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly since!: string;
  @ApiProperty({ type: String }) readonly tipSha!: string;
  @ApiProperty({ type: Number }) readonly liveEntries!: number;
  @ApiProperty({ type: String, nullable: true, description: 'What of the forge holds landings up.' })
  readonly waitingFor!: string | null;
  @ApiProperty({ type: [String], description: 'What an admin switched off for the project, in sentences.' })
  readonly caveats!: readonly string[];
  @ApiProperty({ type: QueueLinks }) readonly links!: QueueLinks;
}

export class QueuePage {
  @ApiProperty({ type: [QueueResponse] }) readonly items!: readonly QueueResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const queuePath = (projectId: string, branch: string): string =>
  `/api/v1/queues/${projectId}/${encodeURIComponent(branch)}`;

/** Short waits are nobody's business. */
const NOTABLE_MS = 3_000;

const waitingFor = ({ forgeLimit, liveEntries, baseGoneMs, awaited }: LaneRow): string | null => {
  if (baseGoneMs !== null) return baseGoneWords(baseGoneMs);
  if (liveEntries === 0) return null;
  return limitWords(forgeLimit) ?? (awaited && awaitedContextWords(awaited));
};

const limitWords = (limit: LaneRow['forgeLimit']): string | null => {
  if (limit === null) return null;
  const { state, nowMs } = limit;
  const waitMs = waitOf(state, GITHUB_RATES, { points: 1, creates: false, priority: 'landing' }, nowMs);
  return waitMs > NOTABLE_MS ? forgeWaitWords({ untilMs: nowMs + waitMs }) : null;
};

export const toQueueResponse = (lane: LaneRow, temporal: string | null): QueueResponse => {
  const { overrides, forgeLimit: _limit, baseGoneMs: _gone, awaited: _awaited, ...row } = lane;
  const self = queuePath(row.projectId, row.branch);
  return {
    ...row,
    waitingFor: waitingFor(lane),
    since: row.since.toISOString(),
    caveats: caveatsOf(overrides),
    links: { self, entries: `${self}/entries`, temporal },
  };
};

/** A queue as its workflow sees it right now. */
export class LiveQueueResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String }) readonly branch!: string;
  @ApiProperty({ type: Boolean, description: 'false: nothing waits, and its workflow rests until the next entry.' })
  readonly isRunning!: boolean;
  @ApiProperty({ type: String }) readonly tip!: string;
  @ApiProperty({ type: Object, description: 'mode, pausedBy, draining, by, reason, sinceMs' })
  readonly lane!: QueueView['lane'];
  @ApiProperty({ type: Object, description: 'used, budget' }) readonly slots!: QueueView['slots'];
  @ApiProperty({ type: [Object], description: 'In landing order: position, status, why, etaMs, …' })
  readonly entries!: readonly EntryView[];
  @ApiProperty({ type: [Object], description: 'Ended lately, newest first.' }) readonly ended!: readonly EndedView[];
  @ApiProperty({ type: QueueLinks }) readonly links!: QueueLinks;
}

export interface QueueName {
  readonly projectId: string;
  readonly branch: string;
}

export const toLiveQueueResponse = (
  { projectId, branch }: QueueName,
  { queueId: _, ...view }: QueueView,
  temporal: string | null,
): LiveQueueResponse => {
  const self = queuePath(projectId, branch);
  return { projectId, branch, isRunning: true, ...view, links: { self, entries: `${self}/entries`, temporal } };
};

/** A queue whose workflow rests: nothing waits, so the row says all there is. */
export const toRestingQueueResponse = (row: LaneRow, temporal: string | null): LiveQueueResponse => ({
  projectId: row.projectId,
  branch: row.branch,
  isRunning: false,
  tip: row.tipSha,
  lane: {
    mode: row.mode,
    // The projection writes the view's own words.
    pausedBy: row.pausedBy as QueueView['lane']['pausedBy'],
    draining: row.draining,
    by: row.by,
    reason: row.reason,
    sinceMs: row.since.getTime(),
  },
  slots: { used: 0, budget: 1 },
  entries: [],
  ended: [],
  links: toQueueResponse(row, temporal).links,
});

export class EntryResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String }) readonly branch!: string;
  @ApiProperty({ type: Number }) readonly prNumber!: number;
  @ApiProperty({ type: String, nullable: true }) readonly taskId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly epicId!: string | null;
  @ApiProperty({ type: String }) readonly title!: string;
  @ApiProperty({ type: String }) readonly headRef!: string;
  @ApiProperty({ type: String }) readonly headSha!: string;
  @ApiProperty({ type: Number }) readonly seq!: number;
  @ApiProperty({ type: Number, description: '0 low, 1 normal, 2 urgent' }) readonly priority!: number;
  @ApiProperty({ type: Boolean }) readonly fixesBase!: boolean;
  @ApiProperty({ type: String }) readonly state!: string;
  @ApiProperty({ type: String, nullable: true }) readonly reason!: string | null;
  @ApiProperty({ type: Object }) readonly detail!: object;
  @ApiProperty({ type: String, nullable: true }) readonly landedSha!: string | null;
  @ApiProperty({ type: String }) readonly enqueuedBy!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly enqueuedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly decidedAt!: string | null;
}

export class EntryPage {
  @ApiProperty({ type: [EntryResponse] }) readonly items!: readonly EntryResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const toEntryResponse = (row: EntryRow): EntryResponse => ({
  ...row,
  enqueuedAt: row.enqueuedAt.toISOString(),
  decidedAt: row.decidedAt?.toISOString() ?? null,
});

export class WhyResponse {
  @ApiProperty({ type: String, description: 'One sentence for people.' }) readonly text!: string;
  @ApiProperty({ type: String, description: 'State of the entry.' }) readonly state!: string;
  @ApiProperty({ type: Object, nullable: true, description: 'The live entry with its reason; null once it has ended.' })
  readonly entry!: EntryView | null;
  @ApiProperty({ type: [Object], description: 'Builds and what each assumed.' }) readonly builds!: WhyView['builds'];
}

export const toWhyResponse = ({ entry, text, builds }: WhyView): WhyResponse => ({
  text,
  state: entry.state,
  entry,
  builds,
});

export const toEndedWhyResponse = (row: EntryRow): WhyResponse => ({
  text: endedText(row),
  state: row.state,
  entry: null,
  builds: [],
});

const endedText = ({ state, landedSha, reason }: EntryRow): string => {
  if (state === 'landed') return `It has landed${landedSha === null ? '' : ` as ${landedSha.slice(0, 12)}`}.`;
  if (state === 'withdrawn') return 'It was withdrawn.';
  if (state === 'ejected') return `It was ejected: ${reason ?? 'no reason was kept'}.`;
  return 'Its queue is not running at the moment; it goes on with the next entry or when a worker brings it back.';
};
