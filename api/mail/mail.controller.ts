import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { EmptyBody } from '../validation/empty-body.js';
import { Id } from '../validation/ids.js';
import { ListMailQuery, ReplyDto, SendMailDto } from './mail.dto.js';
import { MailPage, MailResponse } from './mail.response.js';
import { MailService } from './mail.service.js';

@ApiTags('mail')
@Controller('api/v1/mail')
export class MailController {
  constructor(private readonly mail: MailService) {}

  @Get()
  @ApiOperation({ summary: 'List mail, newest first: the inbox of people, of an agent, of a task or an epic' })
  @ApiOkResponse({ type: MailPage })
  list(@Query() query: ListMailQuery, @ByCaller() caller: Caller): Promise<MailPage> {
    return this.mail.list(query, caller);
  }

  @Post()
  @ApiOperation({ summary: 'Write to an epic, a task, an agent or a person' })
  @ApiCreatedResponse({ type: MailResponse })
  send(@Body() dto: SendMailDto, @ByCaller() caller: Caller): Promise<MailResponse> {
    return this.mail.send(dto, caller);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show one mail' })
  @ApiOkResponse({ type: MailResponse })
  get(@Id() id: string, @ByCaller() caller: Caller): Promise<MailResponse> {
    return this.mail.get(id, caller);
  }

  @Post(':id/read')
  @HttpCode(200)
  @ApiOperation({ summary: 'Mark a mail as read, and show it' })
  @ApiOkResponse({ type: MailResponse })
  markRead(@Id() id: string, @EmptyBody() _body: undefined, @ByCaller() caller: Caller): Promise<MailResponse> {
    return this.mail.markRead(id, caller);
  }

  @Post(':id/reply')
  @ApiOperation({ summary: 'Answer a question, or write back; the first answer counts' })
  @ApiCreatedResponse({ type: MailResponse })
  reply(@Id() id: string, @Body() dto: ReplyDto, @ByCaller() caller: Caller): Promise<MailResponse> {
    return this.mail.reply(id, dto, caller);
  }
}
