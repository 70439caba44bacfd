import type { TaskWaits } from '../../domain/task-timing.js';
import type { TaskInput, TaskView } from '../contract/task.js';
import type { TaskPorts } from './ports.js';
import type { TaskFlow } from './task.state.js';

/** The one place that holds the task. Read anew after every await: handlers change it meanwhile. */
export interface TaskCell {
  readonly input: TaskInput;
  readonly waits: TaskWaits;
  readonly ports: TaskPorts;
  readonly read: () => TaskFlow;
  readonly change: (next: TaskFlow, reason: string, by?: string) => TaskView;
}
