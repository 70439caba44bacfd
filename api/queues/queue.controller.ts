import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { ControlDto } from '../validation/control.dto.js';
import { Branch, Id, ProjectId } from '../validation/ids.js';
import { ListEntriesQuery, ListQueuesQuery, PauseLaneDto, ReprioritiseDto } from './queue.dto.js';
import { EntryPage, EntryResponse, LiveQueueResponse, QueuePage, WhyResponse } from './queue.response.js';
import { QueueService } from './queue.service.js';

@ApiTags('queues')
@Controller('api/v1/queues')
export class QueueController {
  constructor(private readonly queues: QueueService) {}

  @Get()
  @ApiOperation({ summary: 'List the merge queues: one per project and target branch' })
  @ApiOkResponse({ type: QueuePage })
  list(@Query() query: ListQueuesQuery, @ByCaller() caller: Caller): Promise<QueuePage> {
    return this.queues.list(query, caller);
  }

  @Get('entries/:id')
  @ApiOperation({ summary: 'Show one entry' })
  @ApiOkResponse({ type: EntryResponse })
  entry(@Id() id: string, @ByCaller() caller: Caller): Promise<EntryResponse> {
    return this.queues.entry(id, caller);
  }

  @Get('entries/:id/why')
  @ApiOperation({ summary: 'The one reason why an entry has not landed yet' })
  @ApiOkResponse({ type: WhyResponse })
  why(@Id() id: string, @ByCaller() caller: Caller): Promise<WhyResponse> {
    return this.queues.why(id, caller);
  }

  @Post('entries/:id/withdraw')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take an entry out of its queue' })
  @ApiOkResponse({ type: LiveQueueResponse })
  withdraw(@Id() id: string, @Body() { reason }: ControlDto, @ByCaller() caller: Caller): Promise<LiveQueueResponse> {
    return this.queues.withdraw(id, { caller, reason });
  }

  @Post('entries/:id/reprioritise')
  @HttpCode(200)
  @ApiOperation({ summary: 'Move an entry forward or back' })
  @ApiOkResponse({ type: LiveQueueResponse })
  reprioritise(@Id() id: string, @Body() dto: ReprioritiseDto, @ByCaller() caller: Caller): Promise<LiveQueueResponse> {
    return this.queues.reprioritise(id, dto, caller);
  }

  @Get(':projectId/:branch')
  @ApiOperation({ summary: 'A queue as it stands right now; write the branch with %2F for a slash' })
  @ApiOkResponse({ type: LiveQueueResponse })
  get(
    @ProjectId() projectId: string,
    @Branch() branch: string,
    @ByCaller() caller: Caller,
  ): Promise<LiveQueueResponse> {
    return this.queues.get({ projectId, branch }, caller);
  }

  @Get(':projectId/:branch/entries')
  @ApiOperation({ summary: 'Entries of a queue, newest first, ended ones too' })
  @ApiOkResponse({ type: EntryPage })
  entries(
    @ProjectId() projectId: string,
    @Branch() branch: string,
    @Query() query: ListEntriesQuery,
    @ByCaller() caller: Caller,
  ): Promise<EntryPage> {
    return this.queues.entries({ projectId, branch }, query, caller);
  }

  @Post(':projectId/:branch/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause a queue, or let it drain' })
  @ApiOkResponse({ type: LiveQueueResponse })
  pause(
    @ProjectId() projectId: string,
    @Branch() branch: string,
    @Body() dto: PauseLaneDto,
    @ByCaller() caller: Caller,
  ): Promise<LiveQueueResponse> {
    return this.queues.pause({ projectId, branch }, dto, caller);
  }

  @Post(':projectId/:branch/open')
  @HttpCode(200)
  @ApiOperation({ summary: "End a person's pause, a drain or an incident's pause" })
  @ApiOkResponse({ type: LiveQueueResponse })
  open(
    @ProjectId() projectId: string,
    @Branch() branch: string,
    @Body() { reason }: ControlDto,
    @ByCaller() caller: Caller,
  ): Promise<LiveQueueResponse> {
    return this.queues.open({ projectId, branch }, { caller, reason });
  }
}
