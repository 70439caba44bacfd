import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import type { TextPattern } from '../../domain/project-config/nodes.js';

// One decorator a field says what is accepted and what the OpenAPI document tells, so that the two cannot differ.

interface FieldOptions {
  readonly optional?: boolean;
  readonly description?: string;
  readonly example?: unknown;
}

const field = (
  { optional = false, description, example }: FieldOptions,
  shape: ApiPropertyOptions,
  rules: readonly PropertyDecorator[],
): PropertyDecorator =>
  applyDecorators(
    // `null` is no way to leave a field out.
    ...(optional ? [ValidateIf((_object, value) => value !== undefined)] : []),
    ...rules,
    ApiProperty({
      ...shape,
      required: !optional,
      ...(description === undefined ? {} : { description }),
      ...(example === undefined ? {} : { example }),
    } as ApiPropertyOptions), // the union is by `type`, which every caller below sets
  );

/** A text that is not blank; lengths count UTF-16 units, `maxBytes` its UTF-8 bytes. */
export const Text = (
  options: FieldOptions & { readonly min?: number; readonly max: number; readonly pattern?: TextPattern },
): PropertyDecorator => {
  const { min = 1, max, pattern } = options;
  const rules = [IsString(), Length(min, max)];
  if (min > 0) rules.push(Matches(/\S/, { message: '$property must not be blank' }));
  if (pattern !== undefined)
    rules.push(Matches(new RegExp(pattern.source, 'u'), { message: `$property must ${pattern.rule}` }));
  return field(
    options,
    {
      type: String,
      minLength: min,
      maxLength: max,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    },
    rules,
  );
};

/** One line without control characters: titles and names. */
export const Line = (options: FieldOptions & { readonly max: number }): PropertyDecorator =>
  applyDecorators(
    Text(options),
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    Matches(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, { message: '$property must be one line of text' }),
    Matches(/[^\s\p{Cf}]/u, { message: '$property must hold something that can be seen' }),
  );

/** Markdown, bounded in UTF-8 bytes. */
export const Markdown = (options: FieldOptions & { readonly maxBytes: number }): PropertyDecorator =>
  field(options, { type: String, maxLength: options.maxBytes, format: 'markdown' }, [
    IsString(),
    ValidateBy(
      {
        name: 'maxBytes',
        validator: {
          validate: (value) => typeof value === 'string' && Buffer.byteLength(value) <= options.maxBytes,
        },
      },
      { message: `$property must be at most ${options.maxBytes} bytes` },
    ),
  ]);

/** @param options.later values of the full design that this version refuses as such */
export const OneOf = (
  values: readonly string[],
  options: FieldOptions & { readonly later?: readonly string[] } = {},
): PropertyDecorator =>
  field(options, { type: String, enum: [...values] }, [
    IsIn(values, {
      message: ({ value }) =>
        options.later?.includes(String(value))
          ? `$property: ${String(value)} is not in this version`
          : `$property must be one of ${values.join(', ')}`,
    }),
  ]);

/** A setting of the full design that has one value in this version. */
export const Only = (only: number | string, options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: typeof only === 'number' ? Number : String, enum: [only] }, [
    IsIn([only], { message: `$property must be ${only}: any other value is not in this version` }),
  ]);

interface RangeOptions extends FieldOptions {
  readonly min: number;
  readonly max: number;
}

const IsWhole = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isWhole', validator: { validate: (value) => Number.isSafeInteger(value) } },
    { message: '$property must be a whole number' },
  );

export const Whole = (options: RangeOptions): PropertyDecorator =>
  field(options, { type: 'integer', minimum: options.min, maximum: options.max }, [
    IsWhole(),
    Min(options.min),
    Max(options.max),
  ]);

/** A whole number in a query string: digits and nothing else. */
export const WholeQuery = (options: RangeOptions): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value)),
    Whole({ ...options, optional: true }),
  );

export const Flag = (options: FieldOptions = {}): PropertyDecorator => field(options, { type: Boolean }, [IsBoolean()]);

export const FlagQuery = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value)),
    Flag({ ...options, optional: true }),
  );

export const Uuid = (options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: String, format: 'uuid' }, [IsUUID()]);

/** A list of ids, each given once. An empty list is refused: it would name nobody where absent names all. */
export const Uuids = (options: FieldOptions & { readonly maxItems: number }): PropertyDecorator =>
  field(options, { type: [String], format: 'uuid', minItems: 1, maxItems: options.maxItems }, [
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(options.maxItems),
    ArrayUnique(),
    IsUUID(undefined, { each: true }),
  ]);

/** An instant as ISO 8601 writes it, with its offset from UTC. */
export const Moment = (options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: String, format: 'date-time' }, [
    ValidateBy(
      {
        name: 'isMoment',
        validator: {
          validate: (value) => typeof value === 'string' && MOMENT.test(value) && !Number.isNaN(Date.parse(value)),
        },
      },
      { message: '$property must be an instant such as 2030-01-31T12:00:00Z' },
    ),
  ]);

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;

/** A list of short texts, each given once. */
export const Texts = (options: FieldOptions & { readonly maxItems: number; readonly max: number }): PropertyDecorator =>
  field(options, { type: [String], maxItems: options.maxItems }, [
    IsArray(),
    ArrayMaxSize(options.maxItems),
    ArrayUnique(),
    IsString({ each: true }),
    MaxLength(options.max, { each: true }),
  ]);

/** Free JSON; the service judges what is in it. */
export const JsonObject = (options: FieldOptions = {}): PropertyDecorator =>
  field(options, { type: Object, additionalProperties: true }, [IsObject()]);

export const JsonList = (options: FieldOptions & { readonly maxItems: number }): PropertyDecorator =>
  field(options, { type: [Object], maxItems: options.maxItems }, [IsArray(), ArrayMaxSize(options.maxItems)]);

export const Nested = (type: () => new () => object, options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(Type(type), field(options, { type }, [IsObject(), ValidateNested()]));
