export { epic } from '../../../workflows/epic/epic.workflow.js';
export { agentRun, factory, task } from './epic-stubs.workflow.js';
export { listener } from './listener.workflow.js';
