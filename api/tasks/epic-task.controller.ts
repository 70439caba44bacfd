import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { Id } from '../validation/ids.js';
import { ListQuery } from '../validation/list.dto.js';
import { AddTaskDto } from './task.dto.js';
import { TaskPage, TaskResponse } from './task.response.js';
import { TaskService } from './task.service.js';

@ApiTags('epics')
@Controller('api/v1/epics/:id/tasks')
export class EpicTaskController {
  constructor(private readonly tasks: TaskService) {}

  @Get()
  @ApiOperation({ summary: "List the epic's tasks in the order of its plan" })
  @ApiOkResponse({ type: TaskPage })
  list(@Id() epicId: string, @Query() query: ListQuery, @ByCaller() caller: Caller): Promise<TaskPage> {
    return this.tasks.listOfEpic(epicId, query, caller);
  }

  @Post()
  @ApiOperation({ summary: 'Add a task to an epic that is under way' })
  @ApiCreatedResponse({ type: TaskResponse })
  add(@Id() epicId: string, @Body() dto: AddTaskDto, @ByCaller() caller: Caller): Promise<TaskResponse> {
    return this.tasks.add(epicId, dto, caller);
  }
}
