import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { Controller, Get, type NestInterceptor, Post, Put } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { aroundEveryPost } from '../../api/http/around-every-post.js';

class Once implements NestInterceptor {
  intercept(): never {
    throw new Error('never called here');
  }
}

@Controller('one')
class OneController {
  @Get() read(): void {}
  @Post() make(): void {}
  @Put(':id') put(): void {}
}

@Controller('two')
class TwoController {
  @Post(':id/end') end(): void {}
}

test('every POST of every controller is wrapped, and nothing else', () => {
  aroundEveryPost([OneController, TwoController], Once);
  const wrapped = (handler: () => void): unknown => Reflect.getMetadata(INTERCEPTORS_METADATA, handler);
  expect(wrapped(OneController.prototype.make)).toEqual([Once]);
  expect(wrapped(TwoController.prototype.end)).toEqual([Once]);
  expect([wrapped(OneController.prototype.read), wrapped(OneController.prototype.put)]).toEqual([undefined, undefined]);
});
