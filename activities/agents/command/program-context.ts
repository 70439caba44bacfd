import { capText, markedData } from '../../../domain/prompt-data.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import type { RunContext } from '../../../workflows/contract/activities/store.js';
import { findMail, type MailRow, markRead } from '../../mail/mail.repository.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { findPromptRows } from '../../store/prompt.repository.js';

export interface ContextInput {
  readonly run: AgentRun;
  readonly context: RunContext;
  readonly mailIds: readonly string[];
}

/** The JSON that a program reads; docs/command-agents.md describes it for users. */
export interface ProgramContext {
  readonly version: 1;
  readonly run: {
    readonly id: string;
    readonly kind: string;
    readonly agent: string;
    readonly attempt: number;
    readonly round: number;
  };
  readonly project: { readonly id: string; readonly name: string };
  readonly epic?: {
    readonly id: string | null;
    readonly title: string;
    readonly description: string;
    readonly design: string;
  };
  readonly task?: {
    readonly id: string;
    readonly title: string;
    readonly description: string;
    readonly acceptance: readonly string[];
    readonly predictedFiles: readonly string[];
  };
  readonly checks: readonly { readonly name: string; readonly command: string }[];
  readonly mail: readonly ContextMail[];
  readonly failedChecks: readonly {
    readonly name: string;
    readonly failedTests: readonly string[];
    readonly log: string;
  }[];
  readonly conflict?: RunContext['conflict'];
  readonly previousSummary?: string;
  readonly previousFailure?: string;
  readonly ignoredFiles?: readonly string[];
  readonly planErrors?: readonly string[];
}

interface ContextMail {
  readonly id: string;
  readonly from: string;
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
  readonly needsAnswer: boolean;
  readonly inReplyTo: string | null;
}

/** The tail of a log says what broke. */
const LOG_CHARACTERS = 50_000;

/** Collects what the program must know. Mail that is handed over here counts as read. */
export const programContext = async (
  db: Queryable,
  blobs: Pick<BlobStore, 'get'>,
  { run, context, mailIds }: ContextInput,
): Promise<ProgramContext> => {
  const { projectId, epicId, taskId } = run;
  const rows = await findPromptRows(db, {
    projectId,
    ...(epicId === null ? {} : { epicId }),
    ...(taskId === null ? {} : { taskId }),
  });
  const ids = [...new Set([...(context.mailIds ?? []), ...mailIds])];
  const mail = ids.length === 0 ? [] : await findMail(db, ids);
  await markRead(db, ids);
  const { conflict, previousSummary, previousFailure, ignoredFiles, planErrors } = context;
  return {
    version: 1,
    run: { id: run.runId, kind: run.kind, agent: run.agentName, ...(await findRounds(db, run.runId)) },
    project: { id: projectId, name: rows?.project ?? '' },
    ...(rows?.epic ? { epic: { id: epicId, ...rows.epic } } : {}),
    ...(rows?.task ? { task: rows.task } : {}),
    checks: rows?.checks ?? [],
    mail: mail.map(contextMail),
    failedChecks: await Promise.all(
      (context.failedChecks ?? []).map(async ({ name, failedTests, logRef }) => ({
        name,
        failedTests,
        log: logRef === undefined ? '' : (await blobs.get(logRef)).slice(-LOG_CHARACTERS),
      })),
    ),
    ...(conflict ? { conflict } : {}),
    ...(previousSummary === undefined ? {} : { previousSummary }),
    ...(previousFailure === undefined ? {} : { previousFailure }),
    ...(ignoredFiles ? { ignoredFiles } : {}),
    ...(planErrors ? { planErrors } : {}),
  };
};

const contextMail = (mail: MailRow): ContextMail => ({
  id: mail.id,
  from: `${mail.from.kind} ${mail.from.id}`,
  kind: mail.kind,
  subject: mail.subject,
  body: capText(mail.body, LOG_CHARACTERS),
  needsAnswer: mail.needsAnswer,
  inReplyTo: mail.inReplyTo,
});

const findRounds = async (
  db: Queryable,
  runId: string,
): Promise<{ readonly attempt: number; readonly round: number }> => {
  const { rows } = await db.query<{ attempt: number; round: number }>({
    name: 'find-run-rounds',
    text: 'SELECT attempt, round FROM run WHERE id = $1',
    values: [runId],
  });
  return rows[0] ?? { attempt: 1, round: 1 };
};

/** The prompt on stdin: what the run was started with, then the mail that came since, marked as in any prompt. */
export const programPrompt = (prompt: string, { mail }: ProgramContext, newMailIds: readonly string[]): string =>
  [prompt, ...mail.filter(({ id }) => newMailIds.includes(id)).map(promptMail)].join('\n\n');

const promptMail = ({ id, from, kind, subject, body, needsAnswer }: ContextMail): string => {
  const facts = { id, kind, ...(needsAnswer ? { 'needs-answer': 'yes' } : {}), subject };
  return `You have mail.\n${markedData({ origin: 'mail', author: from, facts, text: body })}`;
};
