// Node's own errors come from another realm than the tests' (and than a worker thread's), so `instanceof` misses them.

interface ErrorFields {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

const fieldsOf = (error: unknown): ErrorFields =>
  typeof error === 'object' && error !== null ? (error as ErrorFields) : {}; // each field is checked where it is read

/** The `code` that Node, gRPC and PostgreSQL put on errors, such as `ENOENT`; undefined without one. */
export const errorCode = (error: unknown): string | number | undefined => {
  const { code } = fieldsOf(error);
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
};

/** The message of whatever was thrown. */
export const errorMessage = (error: unknown): string => {
  const { message } = fieldsOf(error);
  return typeof message === 'string' && message !== '' ? message : String(error);
};

/** The first line of the message, with that of its cause. */
export const errorReason = (error: unknown): string => {
  const [line = ''] = errorMessage(error).split('\n');
  const { cause } = fieldsOf(error);
  return cause === undefined ? line : `${line} (${errorMessage(cause).split('\n')[0]})`;
};
