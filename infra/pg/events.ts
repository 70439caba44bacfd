import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import { storableJson, storableText } from '../artifacts.js';
import type { Tx } from './statement.js';

/** What an event or a decision is about. */
export interface Subject {
  readonly projectId?: string;
  readonly epicId?: string;
  readonly taskId?: string;
  readonly runId?: string;
}

export interface EventDraft extends Subject {
  /** Default: `streamOf` the subject. */
  readonly streamId?: string;
  /** `epic.state`, `task.state`, `run.state`, `mail.sent`, … */
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** ISO 8601 UTC; default: the transaction's time. */
  readonly at?: string;
}

/** The stream an event counts in: its epic's, else its lone task's, else its run's, else its project's. */
export const streamOf = ({ epicId, taskId, runId, projectId }: Subject): string => {
  if (epicId !== undefined) return `epic/${epicId}`;
  if (taskId !== undefined) return `task/${taskId}`;
  if (runId !== undefined) return `run/${runId}`;
  return projectId === undefined ? 'system' : `project/${projectId}`;
};

/**
 * Appends one event and answers its number in the stream, gap-free from 1. The stream's row stays locked until the
 * commit, so writers of one stream go one after another in the order of their numbers.
 */
export const appendEvent = async (tx: Tx, event: EventDraft): Promise<number> => {
  const streamId = event.streamId ?? streamOf(event);
  const { rows } = await tx.query<{ seq: number }>({
    name: 'stream-raise',
    text: `INSERT INTO stream (id, seq) VALUES ($1, 1)
           ON CONFLICT (id) DO UPDATE SET seq = stream.seq + 1 RETURNING seq`,
    values: [streamId],
  });
  const seq = rows[0]?.seq;
  if (seq === undefined) throw new Failure('Internal', 'The stream answered no sequence number.', { streamId });
  await tx.query({
    name: 'event-insert',
    text: `INSERT INTO event (stream_id, seq, type, project_id, epic_id, task_id, run_id, data, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9::timestamptz, now()))`,
    values: [streamId, seq, event.type, ...subjectValues(event), storableJson(event.data ?? {}), event.at ?? null],
  });
  return seq;
};

export interface DecisionDraft extends Subject {
  readonly kind: 'decision' | 'transition' | 'verdict' | 'recovery' | 'human';
  readonly title: string;
  readonly decision: string;
  readonly reasoning?: string;
  readonly contextRef?: string;
  readonly agentId?: string;
  /** API key or agent name; default `system`. */
  readonly by?: string;
  /** ISO 8601 UTC; default: the transaction's time. */
  readonly at?: string;
  /** Given where a repeated write must add nothing. Default: a fresh UUIDv7. */
  readonly id?: string;
}

/** Appends one line to the decision log and answers its id. */
export const insertDecision = async (tx: Tx, decision: DecisionDraft): Promise<string> => {
  const id = decision.id ?? uuidv7();
  await tx.query({
    name: 'decision-insert',
    text: `INSERT INTO decision (id, kind, title, decision, reasoning, context_ref, agent_id, by, created_at,
                                 project_id, epic_id, task_id, run_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9::timestamptz, now()), $10, $11, $12, $13)
           ON CONFLICT (id) DO NOTHING`,
    values: [
      id,
      decision.kind,
      storableText(decision.title),
      storableText(decision.decision),
      storableText(decision.reasoning ?? ''),
      decision.contextRef ?? null,
      decision.agentId ?? null,
      decision.by ?? 'system',
      decision.at ?? null,
      ...subjectValues(decision),
    ],
  });
  return id;
};

const subjectValues = ({ projectId, epicId, taskId, runId }: Subject): readonly (string | null)[] => [
  projectId ?? null,
  epicId ?? null,
  taskId ?? null,
  runId ?? null,
];
