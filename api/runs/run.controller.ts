import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { EventStreamService } from '../events/event-stream.service.js';
import { IfMatch, type RowVersion } from '../http/etag.js';
import type { HttpReply, HttpRequest } from '../http/server.js';
import { ControlDto } from '../validation/control.dto.js';
import { Id } from '../validation/ids.js';
import { ListRunsQuery, TranscriptQuery } from './run.dto.js';
import { RunPage, RunResponse, TranscriptPage } from './run.response.js';
import { RunService } from './run.service.js';

@ApiTags('runs')
@Controller('api/v1/runs')
export class RunController {
  constructor(
    private readonly runs: RunService,
    private readonly events: EventStreamService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List runs, newest first' })
  @ApiOkResponse({ type: RunPage })
  list(@Query() query: ListRunsQuery, @ByCaller() caller: Caller): Promise<RunPage> {
    return this.runs.list(query, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show a run: state, usage, outcome' })
  @ApiOkResponse({ type: RunResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<RunResponse> {
    return this.runs.get(id, caller);
  }

  @Get(':id/transcript')
  @ApiOperation({ summary: 'What was said and done, turn by turn' })
  @ApiOkResponse({ type: TranscriptPage })
  transcript(@Id() id: string, @Query() query: TranscriptQuery, @ByCaller() caller: Caller): Promise<TranscriptPage> {
    return this.runs.transcript(id, query, caller);
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Events of this run as server-sent events, with replay by Last-Event-ID' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ type: String })
  async follow(
    @Id() id: string,
    @ByCaller() caller: Caller,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    await this.runs.get(id, caller);
    await this.events.serve({ runId: id }, caller, request, reply);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hold the run after the call in flight' })
  @ApiOkResponse({ type: RunResponse })
  pause(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<RunResponse> {
    return this.runs.control('pause', id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a paused run go on' })
  @ApiOkResponse({ type: RunResponse })
  resume(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<RunResponse> {
    return this.runs.control('resume', id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/stop')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the run after its seal; its task is blocked until a person goes on' })
  @ApiOkResponse({ type: RunResponse })
  stop(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<RunResponse> {
    return this.runs.control('stop', id, { caller, reason: dto.reason, expected });
  }
}
