import { type NestInterceptor, RequestMethod, type Type, UseInterceptors } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';

/** Puts an interceptor around every POST of the controllers; a global one would cost every read its chain of observables. */
export const aroundEveryPost = (controllers: readonly Type[], interceptor: Type<NestInterceptor>): void => {
  for (const { prototype } of controllers) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
      if (typeof descriptor?.value !== 'function') continue;
      if (Reflect.getMetadata(METHOD_METADATA, descriptor.value) !== RequestMethod.POST) continue;
      UseInterceptors(interceptor)(prototype, name, descriptor);
    }
  }
};
