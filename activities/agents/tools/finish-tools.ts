import { readPlan } from '../../../domain/plan/normalise.js';
import type { Plan } from '../../../domain/plan/plan.js';
import { completedAnswer } from '../../../domain/work-notes.js';
import { appendEvent } from '../../../infra/pg/events.js';
import { findPlanVersion, storeModelPlan } from './plan-store.js';
import { type StoreTool, type StoreToolCall, textField } from './store-tool.js';
import { ToolError } from './tool-error.js';

/** @throws ToolError INVALID_INPUT that lists every mistake */
function planOf(call: StoreToolCall): Plan {
  const reading = readPlan(call.input.plan);
  if (reading.kind === 'plan') return reading.plan;
  throw new ToolError(
    'INVALID_INPUT',
    `The plan is not valid:\n${reading.errors.map((error) => `- ${error}`).join('\n')}`,
  );
}

const isPlanning = ({ run }: StoreToolCall): boolean => run.kind === 'planning' && run.epicId !== null;

/** Ends a run that has no files of its own to look at. What was done is observed afterwards, never believed. */
export const taskComplete: StoreTool = {
  async run(call, tx) {
    const { run } = call;
    if (isPlanning(call) && run.epicId !== null) {
      const plan = planOf(call);
      const version = await storeModelPlan(tx, run.epicId, plan, run.agentName);
      const { projectId, epicId, runId } = run;
      await appendEvent(tx, {
        projectId,
        epicId,
        runId,
        type: 'epic.plan',
        data: { version, tasks: plan.tasks.length },
      });
      return `The plan is stored as version ${version}.`;
    }
    return completedAnswer([]);
  },
  async effectOf(call, db) {
    const summary = textField(call, 'summary');
    const { epicId } = call.run;
    if (!isPlanning(call) || epicId === null) return { kind: 'completed', summary };
    const planVersion = await findPlanVersion(db, epicId, planOf(call));
    return { kind: 'completed', summary, ...(planVersion === undefined ? {} : { planVersion }) };
  },
};

export const taskBlock: StoreTool = {
  run: async () => 'Noted.',
  effectOf: async (call) => ({ kind: 'blocked', reason: textField(call, 'reason') }),
};
