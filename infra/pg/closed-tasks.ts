import { isTaskClosed, TASK_MACHINE, type TaskState } from '../../domain/states.js';

const CLOSED = (Object.keys(TASK_MACHINE) as TaskState[]).filter(isTaskClosed); // its keys are the states

/** Of table `task`, under this alias: its workflow has ended. */
export const isClosed = (task: string): string =>
  `${task}.state IN (${CLOSED.map((state) => `'${state}'`).join(', ')})`;
