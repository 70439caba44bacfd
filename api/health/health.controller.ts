import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { HttpReply } from '../http/server.js';
import { HealthService, type PartHealth } from './health.service.js';

export class LiveResponse {
  @ApiProperty({ type: String, enum: ['up'] }) readonly status!: 'up';
}

export class ReadyResponse {
  @ApiProperty({ type: String, enum: ['up', 'down'] }) readonly status!: 'up' | 'down';
  @ApiProperty({ type: Object, description: 'postgres, temporal, worker: status, and the reason when down' })
  readonly parts!: Readonly<Record<string, PartHealth>>;
}

@ApiTags('health')
@Controller('api/v1/health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({ summary: 'The process answers', security: [] })
  @ApiOkResponse({ type: LiveResponse })
  live(): LiveResponse {
    return { status: 'up' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Work can be accepted and carried out: database, Temporal and a worker answer' })
  @ApiOkResponse({ type: ReadyResponse })
  @ApiServiceUnavailableResponse({ type: ReadyResponse })
  async ready(@Res({ passthrough: true }) reply: HttpReply): Promise<ReadyResponse> {
    const parts = await this.health.check();
    const isUp = Object.values(parts).every(({ status }) => status === 'up');
    if (!isUp) void reply.code(503).header('retry-after', '2');
    return { status: isUp ? 'up' : 'down', parts };
  }
}
