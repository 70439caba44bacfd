import { v7 as uuidv7 } from 'uuid';
import type { Tx } from './statement.js';

/** How the relay starts a workflow. Kept as JSON in the row. */
export interface StartOptions {
  /** Ids that lists of the Temporal UI show. */
  readonly memo?: Readonly<Record<string, string>>;
  /** Registered names to keywords; low cardinality, never user text. */
  readonly searchAttributes?: Readonly<Record<string, string>>;
  /** At most 200 bytes; see `summaryText`. */
  readonly staticSummary?: string;
  readonly staticDetails?: string;
  readonly priority?: { readonly priorityKey?: number; readonly fairnessKey?: string };
  /** `reject`: "already started", open or closed, is success. `allow_duplicate`: a closed one is started again. */
  readonly reuse: 'reject' | 'allow_duplicate';
  /** With `allow_duplicate`: sent only while the task's row is PENDING with this number of attempts. */
  readonly attempts?: number;
}

/** Of a signal that stands for all that is added until it is sent: a row with `attempts` 0 is joined, not repeated. */
export interface GatheringOptions {
  readonly gathers?: true;
}

export type OutboxRow =
  | {
      readonly kind: 'start';
      readonly workflowId: string;
      /** Workflow type. */
      readonly name: string;
      readonly input: unknown;
      readonly options: StartOptions;
      /** Given where a repeated write must add nothing. Default: a fresh UUIDv7. */
      readonly id?: string;
    }
  | {
      readonly kind: 'signal';
      readonly workflowId: string;
      /** Signal name. */
      readonly name: string;
      readonly input: unknown;
      readonly id?: string;
    };

/**
 * Queues a start or a signal in the caller's transaction; the relay sends it at least once after the commit, woken by
 * NOTIFY. Answers the row's id, from which the relay derives its request id. A repeated `id` adds nothing.
 */
export const insertOutbox = async (tx: Tx, row: OutboxRow): Promise<string> => {
  const id = row.id ?? uuidv7();
  await tx.query({
    name: 'outbox-insert',
    text: `INSERT INTO outbox (id, kind, workflow_id, name, args, options)
           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
    values: [
      id,
      row.kind,
      row.workflowId,
      row.name,
      JSON.stringify([row.input]),
      JSON.stringify(row.kind === 'start' ? row.options : {}),
    ],
  });
  return id;
};

const SUMMARY_BYTES = 200;

/** Cuts a text to what Temporal takes as a summary, never inside a character. */
export const summaryText = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  if (Buffer.byteLength(line) <= SUMMARY_BYTES) return line;
  let kept = '';
  let bytes = Buffer.byteLength('…');
  for (const character of line) {
    bytes += Buffer.byteLength(character);
    if (bytes > SUMMARY_BYTES) break;
    kept += character;
  }
  return `${kept}…`;
};
