import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { ControlDto } from '../validation/control.dto.js';
import { Id } from '../validation/ids.js';
import { CreateKeyDto, ListKeysQuery } from './key.dto.js';
import { CreatedKeyResponse, KeyPage, KeyResponse } from './key.response.js';
import { KeyService } from './key.service.js';

@ApiTags('keys')
@Controller('api/v1/keys')
export class KeyController {
  constructor(private readonly keys: KeyService) {}

  @Post()
  @ApiOperation({ summary: 'Create an API key; the key itself is in this answer and nowhere else' })
  @ApiCreatedResponse({ type: CreatedKeyResponse })
  create(@Body() dto: CreateKeyDto, @ByCaller() caller: Caller): Promise<CreatedKeyResponse> {
    return this.keys.create(dto, caller);
  }

  @Get()
  @ApiOperation({ summary: 'List the keys that work, newest first; never their secrets' })
  @ApiOkResponse({ type: KeyPage })
  list(@Query() query: ListKeysQuery, @ByCaller() caller: Caller): Promise<KeyPage> {
    return this.keys.list(query, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show one key; never its secret' })
  @ApiOkResponse({ type: KeyResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<KeyResponse> {
    return this.keys.get(id, caller);
  }

  @Post(':id/revoke')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a key: it is refused within a second, everywhere' })
  @ApiOkResponse({ type: KeyResponse })
  revoke(@Id() id: string, @Body() { reason }: ControlDto, @ByCaller() caller: Caller): Promise<KeyResponse> {
    return this.keys.revoke(id, { caller, reason });
  }
}
