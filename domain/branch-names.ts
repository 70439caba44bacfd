const SLUG_MAX = 40;

/**
 * A title as part of a branch name: lower-case ASCII words joined by hyphens, at most 40 characters. Never empty, and
 * never anything that git or a shell reads as more than a name.
 */
export const branchSlug = (title: string): string => {
  const words = title
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '');
  const slug = words.slice(0, SLUG_MAX).replace(/-$/, '');
  return slug === '' ? 'work' : slug;
};

const lastTwelveHex = (id: string): string => id.replaceAll('-', '').slice(-12);

/** Frozen when the task is made. @param taskId a UUID */
export const taskBranch = (title: string, taskId: string): string =>
  `millwright/${branchSlug(title)}-${lastTwelveHex(taskId)}`;

/** Frozen when the epic is made. @param epicId a UUID */
export const epicBranch = (title: string, epicId: string): string =>
  `millwright/epic/${branchSlug(title)}-${lastTwelveHex(epicId)}`;

/** What tasks and epics push to. */
export const isOwnBranch = (branch: string): boolean => branch.startsWith('millwright/');
