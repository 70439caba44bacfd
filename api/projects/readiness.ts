import { Failure } from '../../domain/failures.js';
import { workConfigOf } from '../../domain/project-config/readiness.js';
import type { ProjectConfig } from '../../domain/project-config/types.js';
import type { ProjectRow } from './project.repository.js';

/**
 * Answers the configuration that holds for a project that takes work.
 * @throws InvalidState with what is missing and what to do about it
 */
export const requireReady = (project: ProjectRow): ProjectConfig => {
  const standing = workConfigOf({ ...project, isArchived: project.archivedAt !== null });
  if (standing.kind === 'ready') return standing.config;
  const { type, message } = standing.refusal;
  throw new Failure(
    type,
    message,
    project.archivedAt !== null || project.state === 'ready' ? {} : { state: project.state },
  );
};
