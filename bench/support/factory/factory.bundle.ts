// The product's workflows and the plain ones, for one worker.
export { agentRun, epic, factory, mergeBuild, mergeQueue, task } from '../../../workflows/index.js';
export { noop, plain } from '../../workflows.js';
