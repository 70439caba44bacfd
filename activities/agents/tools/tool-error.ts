import { FAILURES, Failure, type ToolErrorCode } from '../../../domain/failures.js';

/** A call that is answered with an error which the model can do something about. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  constructor(
    readonly code: ToolErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Undefined for what the model cannot mend: that is retried by policy and never becomes a result. */
export function toToolError(error: unknown): ToolError | undefined {
  if (error instanceof ToolError) return error;
  if (!(error instanceof Failure)) return undefined;
  const { tool } = FAILURES[error.type];
  return tool === 'TRANSIENT_ERROR' || tool === 'INTERNAL_ERROR' ? undefined : new ToolError(tool, error.message);
}

/** How every error of a tool reads to the model. */
export const errorText = ({ code, message }: ToolError): string => `${code}: ${message}`;
