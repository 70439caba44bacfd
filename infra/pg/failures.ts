import { Failure, type FailureType } from '../../domain/failures.js';

const BY_CODE: Readonly<Record<string, FailureType>> = {
  '22021': 'InvalidInput', // a character that UTF-8 text cannot hold, NUL among them
  '22P05': 'InvalidInput', // the same inside jsonb
  '22P02': 'InvalidInput', // text that is not of the column's type
  '22001': 'InvalidInput', // longer than the column
  '22003': 'InvalidInput', // number out of range
  '23502': 'InvalidInput',
  '23514': 'InvalidInput',
  '23503': 'Conflict',
  '23505': 'Conflict',
  '25006': 'Unavailable', // read-only: a standby, or a disk that refused writes
  '26000': 'Unavailable', // the connection lost its prepared statements; a fresh one has them
  '40001': 'Unavailable',
  '40P01': 'Unavailable',
  '55P03': 'Unavailable', // lock timeout
  '57014': 'Unavailable', // statement timeout
  '58030': 'Unavailable', // I/O error
};

/** It is there, but knows not the user, the password or the database that it is asked with. */
const REFUSALS = /^(28|3D)/;
const REFUSED =
  'The database refuses the user, the password or the name of a database that DATABASE_URL gives, or, where it is embedded, the password in secrets/postgres.password.';

/** Connection exceptions, insufficient resources (disk full, too many connections), operator intervention. */
const UNAVAILABLE_CLASSES = ['08', '53', '57'];

const LOST_CONNECTION =
  /connection terminated|connection ended|timeout exceeded when trying to connect|timeout expired|not queryable|socket hang up|read timeout/i;
const SYSTEM_CODE = /^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT)/;

const MESSAGES: Partial<Record<FailureType, string>> = {
  InvalidInput: 'A value does not fit the database: NUL, broken text, or a wrong type or length.',
  Conflict: 'The row exists already, or what it refers to does not.',
  Unavailable: 'The database cannot answer at the moment.',
};

interface DatabaseErrorFields {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
}

/** Classifies whatever `pg` threw. A `Failure` passes untouched; parameters never enter the message. */
export const toDatabaseFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  const { code, constraint, message } = (error ?? {}) as DatabaseErrorFields; // any field may be absent
  const type = classify(typeof code === 'string' ? code : '', String(message ?? ''));
  const details = {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
  };
  const said = REFUSALS.test(String(code)) ? REFUSED : (MESSAGES[type] ?? 'The database refused a statement.');
  return new Failure(type, said, details, { cause: error });
};

const classify = (code: string, message: string): FailureType => {
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  if (REFUSALS.test(code)) return 'Unavailable';
  if (/^[0-9A-Z]{5}$/.test(code) && UNAVAILABLE_CLASSES.includes(code.slice(0, 2))) return 'Unavailable';
  if (SYSTEM_CODE.test(code) || LOST_CONNECTION.test(message)) return 'Unavailable';
  return 'Internal';
};

/** Waiting does not help: what it is asked with is wrong. */
export const isRefusal = (error: unknown): error is Failure =>
  error instanceof Failure && REFUSALS.test(String(error.details.code));

/** Serialization failure or deadlock: the whole transaction may simply run again. */
export const isTransactionConflict = (failure: Failure): boolean =>
  failure.details.code === '40001' || failure.details.code === '40P01';

/** Answers the name of the violated unique constraint, so that a repository can adopt the row that exists. */
export const violatedUnique = (error: unknown): string | undefined => {
  if (!(error instanceof Failure) || error.details.code !== '23505') return undefined;
  return String(error.details.constraint ?? '');
};
