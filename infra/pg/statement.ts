/** One SQL statement. Named ones are prepared once per connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Answer<Row> {
  readonly rows: readonly Row[];
  readonly rowCount: number;
}

/** Whatever answers statements. Errors arrive as `Failure`. */
export interface Queryable {
  /** `Row` is the caller's word for the columns that the text lists. */
  query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<Answer<Row>>;
}

declare const transaction: unique symbol;

/** An open transaction: what must not run outside one asks for it by type. */
export interface Tx extends Queryable {
  readonly [transaction]: true;
}

declare const lock: unique symbol;

/** Proof that the named advisory lock was taken. It does not prove that the session behind it still lives. */
export interface LockProof {
  readonly name: string;
  readonly [lock]: true;
}
