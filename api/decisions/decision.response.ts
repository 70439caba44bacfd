import { ApiProperty } from '@nestjs/swagger';
import type { DecisionRow } from './decision.repository.js';

export class DecisionResponse {
  @ApiProperty({ type: String }) readonly id!: string;
  @ApiProperty({ type: String }) readonly kind!: string;
  @ApiProperty({ type: String }) readonly title!: string;
  @ApiProperty({ type: String }) readonly decision!: string;
  @ApiProperty({ type: String }) readonly reasoning!: string;
  @ApiProperty({ type: String, description: 'Person, agent, or system.' }) readonly by!: string;
  @ApiProperty({ type: String, nullable: true }) readonly projectId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly epicId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly taskId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly runId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly agentId!: string | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
}

export class DecisionPage {
  @ApiProperty({ type: [DecisionResponse] }) readonly items!: readonly DecisionResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const toDecisionResponse = ({ exactAt: _, ...row }: DecisionRow): DecisionResponse => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
});
