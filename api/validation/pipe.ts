import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { Failure } from '../../domain/failures.js';

const MAX_SHOWN = 20;

/** Every body and query: known fields only, each as its DTO says. */
export const inputPipe = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => {
      const found = errors.flatMap((error) => describe(error, '')).slice(0, MAX_SHOWN);
      return new Failure('InvalidInput', `The request is not valid: ${found[0] ?? 'unknown field'}.`, {
        errors: found,
      });
    },
  });

const describe = (error: ValidationError, parent: string): readonly string[] => [
  // A field's own name is the client's text: long ones are cut.
  ...Object.values(error.constraints ?? {}).map((rule) => `${parent}${rule}`.slice(0, 200)),
  ...(error.children ?? []).flatMap((child) => describe(child, `${parent}${error.property}.`)),
];
