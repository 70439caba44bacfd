import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { ControlDto } from '../validation/control.dto.js';
import { Id } from '../validation/ids.js';
import { ListAgentsQuery } from './agent.dto.js';
import { AgentPage, AgentResponse } from './agent.response.js';
import { AgentService } from './agent.service.js';

@ApiTags('agents')
@Controller('api/v1/agents')
export class AgentController {
  constructor(private readonly agents: AgentService) {}

  @Get()
  @ApiOperation({ summary: 'List the registered agents by name' })
  @ApiOkResponse({ type: AgentPage })
  list(@Query() query: ListAgentsQuery, @ByCaller() caller: Caller): Promise<AgentPage> {
    return this.agents.list(query, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show one agent' })
  @ApiOkResponse({ type: AgentResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<AgentResponse> {
    return this.agents.get(id, caller);
  }

  @Post(':id/clear-crashes')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let an agent that crashed again and again be started again' })
  @ApiOkResponse({ type: AgentResponse })
  clearCrashes(@Id() id: string, @Body() { reason }: ControlDto, @ByCaller() caller: Caller): Promise<AgentResponse> {
    return this.agents.clearCrashes(id, { caller, reason });
  }
}
