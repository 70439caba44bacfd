import { ApiProperty } from '@nestjs/swagger';
import type { FileChange } from '../../infra/git/diff.js';
import type { LogRow } from './task-reads.repository.js';

export class DiffFile {
  @ApiProperty({ type: String, description: 'A added, M modified, D deleted, R renamed, T kind changed' })
  readonly status!: string;
  @ApiProperty({ type: String }) readonly path!: string;
  @ApiProperty({ type: String, nullable: true }) readonly previousPath!: string | null;
  @ApiProperty({ type: Number, nullable: true, description: 'null for a binary file' })
  readonly added!: number | null;
  @ApiProperty({ type: Number, nullable: true }) readonly deleted!: number | null;
}

export class DiffResponse {
  @ApiProperty({ type: String, nullable: true, description: 'null: nothing was committed yet.' })
  readonly baseSha!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly headSha!: string | null;
  @ApiProperty({ type: [DiffFile] }) readonly files!: readonly DiffFile[];
  @ApiProperty({ type: String }) readonly diff!: string;
  @ApiProperty({ type: Boolean, description: 'The text was cut at 1 MiB.' }) readonly truncated!: boolean;
}

export const toDiffFile = ({ previousPath, ...change }: FileChange): DiffFile => ({
  ...change,
  previousPath: previousPath ?? null,
});

export class LogItem {
  @ApiProperty({ type: String, enum: ['check', 'run'] }) readonly kind!: string;
  @ApiProperty({ type: String, description: 'Name of the check, or kind and agent of the run.' })
  readonly title!: string;
  @ApiProperty({ type: String, nullable: true }) readonly outcome!: string | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly at!: string;
  @ApiProperty({ type: String, nullable: true }) readonly runId!: string | null;
  @ApiProperty({ type: String, description: 'The end of what was printed, at most 64 KiB.' })
  readonly text!: string;
}

export class LogsResponse {
  @ApiProperty({ type: [LogItem] }) readonly items!: readonly LogItem[];
}

export const toLogItem = ({ logRef: _, ...row }: LogRow, text: string): LogItem => ({
  ...row,
  at: row.at.toISOString(),
  text,
});
