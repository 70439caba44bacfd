import type { Refusal } from '../failures.js';
import { whyNoWork } from './effective.js';
import type { ProjectConfig } from './types.js';

export type ProjectState = 'importing' | 'ready' | 'refused' | 'red';

export interface ProjectStanding {
  readonly state: ProjectState;
  /** Why it stands so, in the words of its inspection. */
  readonly reason: string | null;
  readonly isArchived: boolean;
  /** Effective configuration, as the inspection wrote it. */
  readonly config: Readonly<Record<string, unknown>>;
}

const WHY = {
  importing: 'it is still being imported.',
  refused: 'its inspection refused it.',
  red: 'its checks fail on the base branch.',
} as const;

/** The configuration that holds for a project that takes work, or what is missing and what to do about it. */
export function workConfigOf({
  state,
  reason,
  isArchived,
  config,
}: ProjectStanding):
  | { readonly kind: 'ready'; readonly config: ProjectConfig }
  | { readonly kind: 'refused'; readonly refusal: Refusal } {
  const refused = (message: string) => ({ kind: 'refused', refusal: { type: 'InvalidState', message } }) as const;
  if (isArchived) return refused('The project is archived.');
  if (state !== 'ready') return refused(`The project takes no work: ${reason ?? WHY[state]}`);
  // Written by the inspection, whole, before a project becomes ready.
  const whole = config as unknown as ProjectConfig;
  const refusal = whyNoWork(whole);
  return refusal === undefined ? { kind: 'ready', config: whole } : { kind: 'refused', refusal };
}
