import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import type { HttpReply } from '../http/server.js';
import { EXPOSITION_TYPE } from './exposition.js';
import { MetricsResponse } from './metrics.response.js';
import { MetricsService } from './metrics.service.js';

@ApiTags('metrics')
@Controller()
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get('api/v1/metrics')
  @ApiOperation({ summary: 'How much work there is, what waits, and what is left of the limits of forges' })
  @ApiOkResponse({ type: MetricsResponse })
  show(@ByCaller() caller: Caller): Promise<MetricsResponse> {
    return this.metrics.show(caller);
  }

  @Get('metrics')
  @ApiExcludeEndpoint()
  expose(@ByCaller() caller: Caller, @Res({ passthrough: true }) reply: HttpReply): Promise<string> {
    void reply.header('content-type', EXPOSITION_TYPE);
    return this.metrics.expose(caller);
  }
}
