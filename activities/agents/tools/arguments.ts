import { Ajv, type ValidateFunction } from 'ajv';
import type { ToolDefinition } from '../../../domain/tools/schema.js';
import { ToolError } from './tool-error.js';

const ajv = new Ajv({ allErrors: true, strict: true });
const compiled = new WeakMap<ToolDefinition, ValidateFunction>();
const MAX_ERRORS = 10;

function validatorOf(tool: ToolDefinition): ValidateFunction {
  const known = compiled.get(tool);
  if (known) return known;
  const fresh = ajv.compile(tool.input);
  compiled.set(tool, fresh);
  return fresh;
}

/**
 * Checks a call's arguments against the schema that the model was shown.
 * @throws ToolError INVALID_INPUT that names each mistake and its place
 */
export function checkArguments(tool: ToolDefinition, input: unknown): Readonly<Record<string, unknown>> {
  const validate = validatorOf(tool);
  // The schema's type is `object`: what passes is a record.
  if (validate(input)) return input as Readonly<Record<string, unknown>>;
  const errors = (validate.errors ?? []).slice(0, MAX_ERRORS).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` (${String(params.additionalProperty)})` : '';
    return `${instancePath === '' ? 'arguments' : instancePath.slice(1).replaceAll('/', '.')} ${message}${extra}`;
  });
  throw new ToolError('INVALID_INPUT', errors.join('; '));
}
