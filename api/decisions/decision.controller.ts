import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { ListDecisionsQuery } from './decision.dto.js';
import { DecisionPage } from './decision.response.js';
import { DecisionService } from './decision.service.js';

@ApiTags('decisions')
@Controller('api/v1/decisions')
export class DecisionController {
  constructor(private readonly decisions: DecisionService) {}

  @Get()
  @ApiOperation({ summary: 'The decision log, newest first: choices, transitions, acts of people, tool calls' })
  @ApiOkResponse({ type: DecisionPage })
  list(@Query() query: ListDecisionsQuery, @ByCaller() caller: Caller): Promise<DecisionPage> {
    return this.decisions.list(query, caller);
  }
}
