export { agentRun } from '../../../workflows/agent-run/agent-run.workflow.js';
export { listener } from './listener.workflow.js';
