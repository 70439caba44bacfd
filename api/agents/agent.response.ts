import { ApiProperty } from '@nestjs/swagger';
import type { AgentRow } from './agent.repository.js';

export class AgentLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String }) readonly runs!: string;
}

export class AgentResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String }) readonly name!: string;
  @ApiProperty({ type: String }) readonly role!: string;
  @ApiProperty({ type: String, enum: ['anthropic', 'command'] }) readonly backend!: string;
  @ApiProperty({ type: String, nullable: true }) readonly model!: string | null;
  @ApiProperty({ type: Number }) readonly capacity!: number;
  @ApiProperty({ type: String, enum: ['IDLE', 'BUSY', 'WAITING', 'FAILED'] }) readonly state!: string;
  @ApiProperty({ type: String, enum: ['strict', 'relaxed', 'yolo'] }) readonly permissionMode!: string;
  @ApiProperty({ type: String, enum: ['default', 'host'], description: 'host: from host.yml.' })
  readonly origin!: string;
  @ApiProperty({ type: Number }) readonly liveRuns!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly lastActiveAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: AgentLinks }) readonly links!: AgentLinks;
}

export class AgentPage {
  @ApiProperty({ type: [AgentResponse] }) readonly items!: readonly AgentResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const toAgentResponse = (row: AgentRow): AgentResponse => ({
  ...row,
  lastActiveAt: row.lastActiveAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  links: { self: `/api/v1/agents/${row.id}`, runs: `/api/v1/runs?agentId=${row.id}` },
});
