import { budgetWorld } from './budget-world.js';
import { epicWorld } from './epic/epic-world.js';
import { queueWorld, scoresWorld } from './queue/worlds.js';
import { runWorld } from './run-world.js';
import { taskWorld } from './task/task-world.js';
import type { World } from './world.js';

export const WORLDS: readonly World[] = [queueWorld, scoresWorld, taskWorld, epicWorld, runWorld, budgetWorld];
