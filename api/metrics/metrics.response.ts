import { ApiProperty } from '@nestjs/swagger';
import type { WindowView } from '../../domain/forge/rate-view.js';
import type { Figures, ForgeFigures } from './exposition.js';
import type { Backlog, Counts } from './metrics.repository.js';

export class ForgeLimitResponse {
  @ApiProperty({ type: String, description: 'installation/<id>, app/<id> or token/<digest>' }) readonly scope!: string;
  @ApiProperty({ type: Object, description: 'limit, used, left' }) readonly pointsPerMinute!: WindowView;
  @ApiProperty({ type: Object, description: 'limit, used, left' }) readonly creationsPerMinute!: WindowView;
  @ApiProperty({ type: Object, description: 'limit, used, left' }) readonly creationsPerHour!: WindowView;
  @ApiProperty({ type: Object, nullable: true, description: 'limit, remaining, resetAt: the forge’s own count' })
  readonly quota!: { readonly limit: number; readonly remaining: number; readonly resetAt: string } | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Nothing is sent before this.' })
  readonly pausedUntil!: string | null;
  @ApiProperty({ type: Object, description: 'By priority: how long a request that creates something waits now.' })
  readonly waitSeconds!: Counts;
  @ApiProperty({ type: Object, description: 'By priority: requests that were told to wait.' })
  readonly waiting!: Counts;
  @ApiProperty({ type: Object, description: 'requests, waits, creations, refusals since the limit is counted' })
  readonly totals!: object;
}

export class MetricsResponse {
  @ApiProperty({ type: Object, description: 'By state.' }) readonly projects!: Counts;
  @ApiProperty({ type: Object, description: 'By state.' }) readonly epics!: Counts;
  @ApiProperty({ type: Object, description: 'By state.' }) readonly tasks!: Counts;
  @ApiProperty({ type: Object, description: 'Live ones by state.' }) readonly runs!: Counts;
  @ApiProperty({ type: Object, description: 'By state.' }) readonly agents!: Counts;
  @ApiProperty({ type: Object, description: 'By mode.' }) readonly lanes!: Counts;
  @ApiProperty({ type: Object, description: 'Live entries of merge queues by state.' }) readonly entries!: Counts;
  @ApiProperty({ type: Boolean, description: 'Everything is held.' }) readonly isPaused!: boolean;
  @ApiProperty({ type: Number }) readonly liveHosts!: number;
  @ApiProperty({ type: Number, nullable: true, description: 'The least of them.' }) readonly freeBytes!: number | null;
  @ApiProperty({ type: Object, description: 'questions, queue, outbox, webhooks: waiting, oldestSeconds' })
  readonly backlogs!: Readonly<Record<string, Backlog>>;
  @ApiProperty({ type: [Object], description: 'By model and state: costUsd, inputTokens, outputTokens' })
  readonly spend!: readonly object[];
  @ApiProperty({ type: [ForgeLimitResponse] }) readonly forge!: readonly ForgeLimitResponse[];
}

export const toMetricsResponse = ({ work, forge }: Figures): MetricsResponse => {
  const { questions, queue, outbox, webhooks, spend, ...counts } = work;
  return {
    ...counts,
    backlogs: { questions, queue, outbox, webhooks },
    spend: spend.map(({ costMicroUsd, ...row }) => ({ ...row, costUsd: costMicroUsd / 1_000_000 })),
    forge: forge.map(toForgeLimit),
  };
};

const toForgeLimit = ({ quota, pausedUntilMs, waitMs, ...view }: ForgeFigures): ForgeLimitResponse => ({
  ...view,
  quota: quota && { limit: quota.limit, remaining: quota.remaining, resetAt: iso(quota.resetMs) },
  pausedUntil: pausedUntilMs === null ? null : iso(pausedUntilMs),
  waitSeconds: Object.fromEntries(Object.entries(waitMs).map(([name, ms]) => [name, Math.ceil(ms / 1000)])),
});

const iso = (ms: number): string => new Date(ms).toISOString();
