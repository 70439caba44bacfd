import { Body, Controller, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { IfMatch, type RowVersion } from '../http/etag.js';
import { ControlDto } from '../validation/control.dto.js';
import { Id } from '../validation/ids.js';
import { CreateProjectDto, ListProjectsQuery, PatchProjectDto } from './project.dto.js';
import { ProjectPage, ProjectResponse } from './project.response.js';
import { ProjectService } from './project.service.js';

@ApiTags('projects')
@Controller('api/v1/projects')
export class ProjectController {
  constructor(private readonly projects: ProjectService) {}

  @Post()
  @ApiOperation({ summary: 'Add a repository; it is imported and inspected in the background' })
  @ApiCreatedResponse({ type: ProjectResponse })
  create(@Body() dto: CreateProjectDto, @ByCaller() caller: Caller): Promise<ProjectResponse> {
    return this.projects.create(dto, caller);
  }

  @Get()
  @ApiOperation({ summary: 'List projects, newest first' })
  @ApiOkResponse({ type: ProjectPage })
  list(@Query() query: ListProjectsQuery, @ByCaller() caller: Caller): Promise<ProjectPage> {
    return this.projects.list(query, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show a project with its effective configuration and proposed checks' })
  @ApiOkResponse({ type: ProjectResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<ProjectResponse> {
    return this.projects.get(id, caller);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change overrides or commit identity, or accept proposed checks' })
  @ApiOkResponse({ type: ProjectResponse })
  patch(
    @Id() id: string,
    @Body() dto: PatchProjectDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<ProjectResponse> {
    return this.projects.patch(id, dto, caller, expected);
  }

  @Post(':id/archive')
  @HttpCode(200)
  @ApiOperation({ summary: 'Archive a project without open work; its name and source become free' })
  @ApiOkResponse({ type: ProjectResponse })
  archive(
    @Id() id: string,
    @Body() { reason }: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<ProjectResponse> {
    return this.projects.archive(id, { caller, reason, expected });
  }

  @Post(':id/sync')
  @HttpCode(200)
  @ApiOperation({ summary: 'Import the source again and inspect its tip' })
  @ApiOkResponse({ type: ProjectResponse })
  sync(
    @Id() id: string,
    @Body() { reason }: ControlDto,
    @ByCaller() caller: Caller,
    @IfMatch() expected?: RowVersion,
  ): Promise<ProjectResponse> {
    return this.projects.sync(id, { caller, reason, expected });
  }
}
