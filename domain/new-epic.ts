import { epicBranch } from './branch-names.js';
import type { EpicsConfig, ProjectConfig } from './project-config/types.js';

/** An epic as it is filed. */
export interface NewEpic extends Omit<EpicsConfig, 'planner'> {
  readonly id: string;
  readonly projectId: string;
  readonly title: string;
  readonly description: string;
  /** 1 goes first. */
  readonly priority: number;
  readonly budgetMicroUsd: number;
  readonly planner: 'model' | 'given';
  readonly maxParallelTasks: number;
  readonly branch: string;
  readonly createdBy: string;
}

/** What whoever files it says; the rest is as the project's configuration has it. */
export type EpicWish = Pick<NewEpic, 'id' | 'projectId' | 'title' | 'createdBy'> & Partial<Omit<NewEpic, 'branch'>>;

const DEFAULT_PRIORITY = 3;

/** @param defaultMicroUsd budget where neither wish nor project names one */
export function newEpic(wish: EpicWish, { epics, limits }: ProjectConfig, defaultMicroUsd: number): NewEpic {
  const { dollars } = limits.epic;
  return {
    approval: epics.approval,
    mergeTarget: epics.mergeTarget,
    land: epics.land,
    overlap: epics.overlap,
    planner: epics.planner,
    description: '',
    priority: DEFAULT_PRIORITY,
    budgetMicroUsd: dollars === undefined ? defaultMicroUsd : Math.round(dollars * 1e6),
    maxParallelTasks: limits.parallelTasks,
    ...wish,
    branch: epicBranch(wish.title, wish.id),
  };
}
