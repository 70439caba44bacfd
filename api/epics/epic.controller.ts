import { Body, Controller, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { IfMatch, type RowVersion } from '../http/etag.js';
import { ControlDto } from '../validation/control.dto.js';
import { Id } from '../validation/ids.js';
import { ListQuery } from '../validation/list.dto.js';
import { ApprovePlanDto, CreateEpicDto, GetPlanQuery, ListEpicsQuery, PatchEpicDto, PutPlanDto } from './epic.dto.js';
import { EpicPage, EpicResponse } from './epic.response.js';
import { EpicService } from './epic.service.js';
import { EpicControlService } from './epic-control.service.js';
import { CostResponse, GraphResponse, PlanResponse, TimelinePage } from './epic-reads.response.js';
import { EpicReadsService } from './epic-reads.service.js';

@ApiTags('epics')
@Controller('api/v1/epics')
export class EpicController {
  constructor(
    private readonly epics: EpicService,
    private readonly controls: EpicControlService,
    private readonly reads: EpicReadsService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'File an epic; it is planned and carried out in the background' })
  @ApiCreatedResponse({ type: EpicResponse })
  create(@Body() dto: CreateEpicDto, @ByCaller() caller: Caller): Promise<EpicResponse> {
    return this.epics.create(dto, caller);
  }

  @Get()
  @ApiOperation({ summary: 'List epics, newest first' })
  @ApiOkResponse({ type: EpicPage })
  list(@Query() query: ListEpicsQuery, @ByCaller() caller: Caller): Promise<EpicPage> {
    return this.epics.list(query, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show an epic: state, what it waits for, links' })
  @ApiOkResponse({ type: EpicResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<EpicResponse> {
    return this.epics.get(id, caller);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change title, description or budget' })
  @ApiOkResponse({ type: EpicResponse })
  patch(
    @Id() id: string,
    @Body() dto: PatchEpicDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.epics.patch(id, dto, caller, expected);
  }

  @Get(':id/plan')
  @ApiOperation({ summary: 'Show the plan: the newest version, or the one asked for' })
  @ApiOkResponse({ type: PlanResponse })
  getPlan(@Id() id: string, @Query() query: GetPlanQuery, @ByCaller() caller: Caller): Promise<PlanResponse> {
    return this.controls.getPlan(id, caller, query.version);
  }

  @Put(':id/plan')
  @ApiOperation({ summary: 'Give or edit the plan; tasks that have started stay as they are' })
  @ApiOkResponse({ type: PlanResponse })
  putPlan(
    @Id() id: string,
    @Body() dto: PutPlanDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<PlanResponse> {
    return this.controls.putPlan(id, dto, { caller, expected });
  }

  @Post(':id/approve')
  @HttpCode(200)
  @ApiOperation({ summary: 'Approve the plan that waits' })
  @ApiOkResponse({ type: EpicResponse })
  approve(
    @Id() id: string,
    @Body() dto: ApprovePlanDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.controls.approve(id, dto, { caller, reason: dto.reason, expected });
  }

  @Post(':id/land')
  @HttpCode(200)
  @ApiOperation({ summary: "Land the epic's pull request on the base branch" })
  @ApiOkResponse({ type: EpicResponse })
  land(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.controls.control('land', id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hold the epic and everything in it; calls in flight end' })
  @ApiOkResponse({ type: EpicResponse })
  pause(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.controls.control('pause', id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a paused epic go on' })
  @ApiOkResponse({ type: EpicResponse })
  resume(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.controls.control('resume', id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the epic and its open tasks' })
  @ApiOkResponse({ type: EpicResponse })
  cancel(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.controls.control('cancel', id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Retry every failed task' })
  @ApiOkResponse({ type: EpicResponse })
  retry(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<EpicResponse> {
    return this.controls.control('retry', id, { caller, reason: dto.reason, expected });
  }

  @Get(':id/timeline')
  @ApiOperation({ summary: 'What happened, oldest first' })
  @ApiOkResponse({ type: TimelinePage })
  timeline(@Id() id: string, @Query() query: ListQuery, @ByCaller() caller: Caller): Promise<TimelinePage> {
    return this.reads.timeline(id, query, caller);
  }

  @Get(':id/graph')
  @ApiOperation({ summary: 'Tasks and their dependencies, the critical path, progress' })
  @ApiOkResponse({ type: GraphResponse })
  graph(@Id() id: string, @ByCaller() caller: Caller): Promise<GraphResponse> {
    return this.reads.graph(id, caller);
  }

  @Get(':id/cost')
  @ApiOperation({ summary: 'Tokens and cost, by task and model' })
  @ApiOkResponse({ type: CostResponse })
  cost(@Id() id: string, @ByCaller() caller: Caller): Promise<CostResponse> {
    return this.reads.cost(id, caller);
  }
}
