import type { TaskFacts } from '../../workflows/contract/activities/store.js';

/** A lone task as its row shows it before its first run. */
export const TASK_FACTS: TaskFacts = {
  taskId: 'task-1',
  projectId: 'project-1',
  projectName: 'sample',
  title: 'A task',
  kind: 'execution',
  state: 'PENDING',
  pausedBy: [],
  revision: 0,
  priority: 3,
  attempts: 1,
  agentName: 'worker',
  agentId: 'agent-1',
  branch: 'b',
  targetBranch: 'main',
  createdBy: 'ada',
};
