import { Body, Controller, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { IfMatch, type RowVersion } from '../http/etag.js';
import { ControlDto } from '../validation/control.dto.js';
import { Id } from '../validation/ids.js';
import { CreateTaskDto, ListTasksQuery, PatchTaskDto } from './task.dto.js';
import { TaskPage, TaskResponse } from './task.response.js';
import { TaskService } from './task.service.js';
import { TaskControlService } from './task-control.service.js';
import { DiffResponse, LogsResponse } from './task-reads.response.js';
import { TaskReadsService } from './task-reads.service.js';

@ApiTags('tasks')
@Controller('api/v1/tasks')
export class TaskController {
  constructor(
    private readonly tasks: TaskService,
    private readonly controls: TaskControlService,
    private readonly reads: TaskReadsService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Ask for one task without an epic; it lands on the base branch' })
  @ApiCreatedResponse({ type: TaskResponse })
  create(@Body() dto: CreateTaskDto, @ByCaller() caller: Caller): Promise<TaskResponse> {
    return this.tasks.create(dto, caller);
  }

  @Get()
  @ApiOperation({ summary: 'List tasks, newest first' })
  @ApiOkResponse({ type: TaskPage })
  list(@Query() query: ListTasksQuery, @ByCaller() caller: Caller): Promise<TaskPage> {
    return this.tasks.list(query, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show a task: state, what it waits for, links' })
  @ApiOkResponse({ type: TaskResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<TaskResponse> {
    return this.tasks.get(id, caller);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change the words of a task that has not started' })
  @ApiOkResponse({ type: TaskResponse })
  patch(
    @Id() id: string,
    @Body() dto: PatchTaskDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<TaskResponse> {
    return this.tasks.patch(id, dto, caller, expected);
  }

  @Get(':id/diff')
  @ApiOperation({ summary: 'What the task changes' })
  @ApiOkResponse({ type: DiffResponse })
  diff(@Id() id: string, @ByCaller() caller: Caller): Promise<DiffResponse> {
    return this.reads.diff(id, caller);
  }

  @Get(':id/logs')
  @ApiOperation({ summary: 'Check runs and agent runs, oldest first' })
  @ApiOkResponse({ type: LogsResponse })
  logs(@Id() id: string, @ByCaller() caller: Caller): Promise<LogsResponse> {
    return this.reads.logs(id, caller);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hold the task; the call in flight ends' })
  @ApiOkResponse({ type: TaskResponse })
  pause(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<TaskResponse> {
    return this.controls.pause(id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a paused or blocked task go on' })
  @ApiOkResponse({ type: TaskResponse })
  resume(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<TaskResponse> {
    return this.controls.resume(id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the task; its branch and tree go' })
  @ApiOkResponse({ type: TaskResponse })
  cancel(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<TaskResponse> {
    return this.controls.cancel(id, { caller, reason: dto.reason, expected });
  }

  @Post(':id/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Start a failed task again, from its last checkpoint' })
  @ApiOkResponse({ type: TaskResponse })
  retry(
    @Id() id: string,
    @Body() dto: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<TaskResponse> {
    return this.controls.retry(id, { caller, reason: dto.reason, expected });
  }
}
