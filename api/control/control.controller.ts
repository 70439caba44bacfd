import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ByCaller, type Caller } from '../auth/caller.js';
import { ControlDto } from '../validation/control.dto.js';
import { ControlResponse, toControlResponse } from './control.response.js';
import { ControlService } from './control.service.js';

@ApiTags('control')
@Controller('api/v1/control')
export class ControlController {
  constructor(private readonly control: ControlService) {}

  @Get()
  @ApiOperation({ summary: 'Whether everything is held, the limits, and who holds which slots' })
  @ApiOkResponse({ type: ControlResponse })
  async status(@ByCaller() caller: Caller): Promise<ControlResponse> {
    return toControlResponse(await this.control.status(), caller);
  }

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hold everything: calls in flight end, nothing starts or lands' })
  @ApiOkResponse({ type: ControlResponse })
  async pause(@Body() { reason }: ControlDto, @ByCaller() caller: Caller): Promise<ControlResponse> {
    return toControlResponse(await this.control.pause({ caller, reason }), caller);
  }

  @Post('thaw')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let everything go on that a person did not pause by itself' })
  @ApiOkResponse({ type: ControlResponse })
  async thaw(@Body() { reason }: ControlDto, @ByCaller() caller: Caller): Promise<ControlResponse> {
    return toControlResponse(await this.control.thaw({ caller, reason }), caller);
  }
}
