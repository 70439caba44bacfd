// The product's workflows and the one that does nothing, for one worker.
export { agentRun, epic, factory, mergeBuild, mergeQueue, task } from '../../../workflows/index.js';
export { noop } from '../../workflows.js';
