import type { IssueTracker } from '../../../infra/forge/issues.js';
import type { Tuning } from '../../../workflows/contract/tuning.js';
import type { WorkflowControls } from '../../engine/controls.js';
import type { Watched } from '../watch/ports.js';

export interface IssueDeps {
  readonly tracker: IssueTracker;
  readonly controls: WorkflowControls;
  /** Of the epics that issues become. */
  readonly tuning: Tuning;
  /** Their budget where the project names none. */
  readonly epicMicroUsd: number;
}

/** A project whose issues and comments are looked at. */
export interface Intake extends Watched {
  readonly issues: IssueDeps;
}

/** Sets the label that asks for an epic. */
export const LABEL = 'millwright';

/** How rows, decisions and mail name somebody of the forge. */
export const personOf = (login: string): string => `github:${login}`;
