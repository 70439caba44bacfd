import type { BudgetHit } from '../contract/activities/agents.js';
import { runWorkflowId } from '../contract/ids.js';
import { newId } from '../support/new-id.js';
import { remainingMs } from './agent-run.state.js';
import type { RunCell } from './cell.js';
import { inTime } from './in-time.js';
import { afterTurn } from './next-act.js';
import { runStep } from './program.js';
import { budgetTemplate } from './texts.js';
import { takeTurn } from './turn.js';

/** One turn of the backend, and what it means. A limit is told to a person by mail. */
export async function takeOne(cell: RunCell): Promise<void> {
  const { input, ports, read, change } = cell;
  const { runId, context } = input;
  const { host, turn, facts, inbox: mailIds, notes, budgetGrants } = read();
  const outcome = await inTime(read, () =>
    facts?.backend === 'command'
      ? runStep(ports, { runId, turn, host, mailIds, context, timeoutMs: Math.ceil(remainingMs(read(), Date.now())) })
      : takeTurn(ports, { runId, turn, host, mailIds, notes, budgetGrants }),
  );
  const budgetMailId = newId();
  const next = afterTurn(read(), outcome, { handed: { mailIds, notes }, nowMs: Date.now(), budgetMailId });
  change(next, `turn ${turn + 1}: ${outcome.kind}`);
  if (outcome.kind === 'budget') await askForBudget(cell, budgetMailId, outcome.hit);
}

async function askForBudget({ input, ports }: RunCell, mailId: string, hit: BudgetHit): Promise<void> {
  const { runId, projectId, epicId, taskId, createdBy } = input;
  await ports.mails.sendMail({
    mailId,
    projectId,
    ...(epicId === undefined ? {} : { epicId }),
    ...(taskId === undefined ? {} : { taskId }),
    runId,
    from: { kind: 'system', id: 'millwright' },
    to: { kind: 'human', id: createdBy ?? 'human' },
    template: budgetTemplate(hit),
    waiterWorkflowId: runWorkflowId(runId),
  });
}
