// The only entry of the Temporal bundle: function name = workflow type.
export { agentRun } from './agent-run/agent-run.workflow.js';
export { epic } from './epic/epic.workflow.js';
export { factory } from './factory/factory.workflow.js';
export { mergeBuild } from './merge-queue/merge-build.workflow.js';
export { mergeQueue } from './merge-queue/merge-queue.workflow.js';
export { task } from './task/task.workflow.js';
