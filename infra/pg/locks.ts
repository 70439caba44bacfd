import { type ConnectionOptions, closeConnection, connectAlone } from './connection.js';
import { toDatabaseFailure } from './failures.js';
import type { LockProof, Tx } from './statement.js';

const proofOf = (name: string): LockProof => ({ name }) as LockProof; // minted only where a lock was taken

/** Waits for the named advisory lock; it goes with the transaction. */
export const lockInTransaction = async (tx: Tx, name: string): Promise<LockProof> => {
  await tx.query({
    name: 'lock-in-transaction',
    text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [name],
  });
  return proofOf(name);
};

export interface SessionLock {
  readonly proof: LockProof;
  /** Aborted when the session is gone: from then on another process may hold the lock. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

const PULSE_MS = 5_000;
const PULSE_ANSWER_MS = 10_000;
/** The server ends the session of a holder that it hears no more of: a ghost would hold the lock for hours. */
const GHOST_MS = 20_000;

/**
 * Tries to take the named advisory lock on a connection of its own, which holds it until `release` or the death of
 * either side. Answers undefined when another session has it.
 */
export const tryHoldLock = async (options: ConnectionOptions, name: string): Promise<SessionLock | undefined> => {
  const lost = new AbortController();
  try {
    const client = await connectAlone({
      ...options,
      answerMs: PULSE_ANSWER_MS,
      onLost: (error) => lost.abort(error),
    });
    const { rows } = await client.query<{ held: boolean }>({
      text: 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
      values: [name],
    });
    if (rows[0]?.held !== true) {
      await closeConnection(client);
      return undefined;
    }
    await client.query(`SET idle_session_timeout = ${GHOST_MS}`);
    // A server that vanished without a word is noticed by asking; the lock is useless without it.
    const pulse = setInterval(() => void client.query('SELECT 1').catch((error) => lost.abort(error)), PULSE_MS);
    lost.signal.addEventListener('abort', () => {
      clearInterval(pulse);
      void closeConnection(client);
    });
    return { proof: proofOf(name), lost: lost.signal, release: () => closeConnection(client) };
  } catch (error) {
    throw toDatabaseFailure(error);
  }
};
