import { Ajv, type ValidateFunction } from 'ajv';
import type { ToolDefinition } from '../../../domain/tools/schema.js';
import { ToolError } from './tool-error.js';

const ajv = new Ajv({ allErrors: true, strict: true });
const compiled = new WeakMap<ToolDefinition, ValidateFunction>();
const MAX_ERRORS = 10;
const CONTENT: ReadonlySet<string> = new Set(['content', 'old_text', 'new_text']);

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
  if (validate(input)) {
    const fields = input as Readonly<Record<string, unknown>>;
    // What is no content of a file goes to the database, a shell or the file system, and none of them takes it.
    const odd = Object.keys(fields).find((name) => !CONTENT.has(name) && String(fields[name]).includes('\0'));
    if (odd !== undefined) throw new ToolError('INVALID_INPUT', `${odd} must not contain NUL`);
    return fields;
  }
  const errors = (validate.errors ?? []).slice(0, MAX_ERRORS).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` (${String(params.additionalProperty)})` : '';
    return `${instancePath === '' ? 'arguments' : instancePath.slice(1).replaceAll('/', '.')} ${message}${extra}`;
  });
  throw new ToolError('INVALID_INPUT', errors.join('; '));
}
