import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import type { HttpReply, HttpRequest } from '../http/server.js';
import { Uuid } from '../validation/fields.js';
import { EventStreamService } from './event-stream.service.js';

export class EventStreamQuery {
  @Uuid({ optional: true })
  readonly epicId?: string;

  @Uuid({ optional: true })
  readonly taskId?: string;

  @Uuid({ optional: true })
  readonly runId?: string;
}

@ApiTags('events')
@Controller('api/v1/events')
export class EventController {
  constructor(private readonly events: EventStreamService) {}

  @Get('stream')
  @ApiOperation({
    summary: 'Events as they happen, as server-sent events',
    description:
      'Each has an id `<xid>-<position>`. With Last-Event-ID the stream goes on after that event; 0-0 replays all. ' +
      'Without it, it begins now. A comment every 15 s keeps the connection alive.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ type: String })
  stream(
    @Query() { epicId, taskId, runId }: EventStreamQuery,
    @ByCaller() caller: Caller,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    return this.events.serve({ epicId, taskId, runId }, caller, request, reply);
  }
}
