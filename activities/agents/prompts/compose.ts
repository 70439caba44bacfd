import { Failure } from '../../../domain/failures.js';
import type { AgentRole } from '../../../domain/tools/catalogue.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import type { OpenRunInput, RunContext } from '../../../workflows/contract/activities/store.js';
import { findMail, markRead } from '../../mail/mail.repository.js';
import { findPromptRows, listTaskLines } from '../../store/prompt.repository.js';
import { mailBlock } from '../turn-request.js';
import { type PromptFacts, runPrompt } from './run-prompt.js';

export interface PromptDeps {
  readonly db: Queryable;
  readonly blobs: BlobStore;
}

/** Makes a run's first prompt from the rows and texts that the run is about. */
export const createPromptComposer =
  ({ db, blobs }: PromptDeps) =>
  async (input: OpenRunInput, agent: { readonly role: string }): Promise<string> => {
    const rows = await findPromptRows(db, input);
    if (!rows) throw new Failure('NotFound', 'There is no such project.', { projectId: input.projectId });
    const { context } = input;
    const isSupervision = input.kind === 'supervision' && input.epicId !== undefined;
    const [mail, failedChecks, tasks] = await Promise.all([
      mailBlocks(db, context),
      checkLogs(blobs, context),
      isSupervision ? listTaskLines(db, input.epicId ?? '') : [],
    ]);
    return runPrompt({
      ...rows,
      // The column's check constraint holds exactly these words.
      role: agent.role as AgentRole,
      kind: input.kind,
      runId: input.runId,
      attempt: input.attempt,
      round: input.round,
      tasks,
      mail,
      failedChecks,
      planErrors: context.planErrors ?? [],
      ...(context.conflict ? { conflict: context.conflict } : {}),
      ...(context.previousSummary === undefined ? {} : { previousSummary: context.previousSummary }),
      ...(context.previousFailure === undefined ? {} : { previousFailure: context.previousFailure }),
      ...(context.ignoredFiles === undefined ? {} : { ignoredFiles: context.ignoredFiles }),
    });
  };

async function mailBlocks(db: Queryable, { mailIds = [] }: RunContext): Promise<readonly string[]> {
  if (mailIds.length === 0) return [];
  const mail = await findMail(db, mailIds);
  await markRead(db, mailIds);
  return mail.map(mailBlock);
}

const checkLogs = (blobs: BlobStore, { failedChecks = [] }: RunContext): Promise<PromptFacts['failedChecks']> =>
  Promise.all(
    failedChecks.map(async ({ name, logRef, failedTests }) => {
      // A log past its retention must not keep the work from being repaired.
      const log = logRef === undefined ? '' : await blobs.get(logRef).catch(() => '(the log is gone)');
      return { name, failedTests, log };
    }),
  );
