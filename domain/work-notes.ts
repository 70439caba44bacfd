import { dataLine } from './prompt-data.js';

/** What is said of an agent's files, to the agent and to people. */

const NAMED_PATHS = 10;

/** Paths as a short list in words. Whoever made the files chose the names, so each is one line of plain text. */
export const namePaths = (paths: readonly string[]): string =>
  `${paths.slice(0, NAMED_PATHS).map(dataLine).join(', ')}${paths.length > NAMED_PATHS ? ' and more' : ''}`;

const areIgnored = (paths: readonly string[]): string =>
  `${namePaths(paths)} ${paths.length === 1 ? 'is' : 'are'} ignored by .gitignore`;

/** Why a run leaves nothing to commit. */
export const nothingToCommit = (ignored: readonly string[]): string =>
  ignored.length === 0 ? 'nothing to commit: no file was changed' : `nothing to commit: ${areIgnored(ignored)}`;

/** Why git keeps none of the files as they are; `paths` is empty when it is none in particular. */
export const cannotKeep = ({ paths, why }: { readonly paths: readonly string[]; readonly why: string }): string =>
  paths.length === 0 ? `git cannot keep the files: ${why}` : `git cannot keep ${namePaths(paths)}: ${why}`;

export const ignoredNote = (paths: readonly string[]): string =>
  `${areIgnored(paths)}, so no commit will hold ${paths.length === 1 ? 'it' : 'them'}. What belongs to the work must lie where it is not ignored.`;

export const cannotKeepNote = (refused: { readonly paths: readonly string[]; readonly why: string }): string =>
  `As your files are now, ${cannotKeep(refused)}. Until that is repaired nothing of your work is saved or committed.`;

export const completedAnswer = (ignored: readonly string[]): string =>
  ignored.length === 0
    ? 'Noted. The work is checked now.'
    : `Noted. The work is checked now, without what will be in no commit: ${areIgnored(ignored)}.`;

export const unchangedAnswer = (ignored: readonly string[]): string =>
  `There is ${nothingToCommit(ignored)}. Put the work where git keeps it and call task_complete again, or call task_block and say why there is nothing to change.`;

export const markersAnswer = (files: readonly string[]): string =>
  `These files still hold conflict markers: ${namePaths(files)}. Resolve them, then call task_complete again.`;

export const cannotKeepAnswer = (refused: { readonly paths: readonly string[]; readonly why: string }): string =>
  `As the files are now, ${cannotKeep(refused)}. Repair that, then call task_complete again.`;

export const setupNote = (reason: string): string =>
  `The project's setup could not be run for the files as they are now, so its outputs (dependencies) are those of before. ${reason}`;
