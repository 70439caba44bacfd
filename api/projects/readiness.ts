import { Failure } from '../../domain/failures.js';
import { whyNoWork } from '../../domain/project-config/effective.js';
import type { ProjectConfig } from '../../domain/project-config/types.js';
import type { ProjectRow } from './project.repository.js';

/**
 * Answers the configuration that holds for a project that takes work.
 * @throws InvalidState with what is missing and what to do about it
 */
export const requireReady = (project: ProjectRow): ProjectConfig => {
  if (project.archivedAt !== null) throw new Failure('InvalidState', 'The project is archived.');
  if (project.state !== 'ready') {
    throw new Failure('InvalidState', `The project takes no work: ${project.reason ?? WHY[project.state]}`, {
      state: project.state,
    });
  }
  // Written by the inspection, whole, before a project becomes ready.
  const config = project.config as unknown as ProjectConfig;
  const refusal = whyNoWork(config);
  if (refusal !== undefined) throw new Failure(refusal.type, refusal.message);
  return config;
};

const WHY = {
  importing: 'it is still being imported.',
  refused: 'its inspection refused it.',
  red: 'its checks fail on the base branch.',
} as const;
