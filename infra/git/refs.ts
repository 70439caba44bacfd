import { Failure } from '../../domain/failures.js';

const MAX_REF_BYTES = 200;
const SLUG_LENGTH = 40;
const ID_HEX = 12;

/** Why git or we refuse it as a branch name, or undefined. The rules of git-check-ref-format and a bit more. */
export function whyNotBranch(name: string): string | undefined {
  if (name.length === 0) return 'a branch name is empty';
  if (Buffer.byteLength(name) > MAX_REF_BYTES) return `a branch name is longer than ${MAX_REF_BYTES} bytes`;
  if (/[\p{Cc} ~^:?*[\\]/u.test(name)) return 'a branch name contains a space, a control character or one of ~^:?*[\\';
  if (name.startsWith('-')) return 'a branch name starts with a dash';
  if (name.includes('..') || name.includes('@{') || name === '@') return 'a branch name contains .. or @{';
  if (name === 'HEAD' || name.startsWith('refs/')) return 'a branch name is HEAD or starts with refs/';
  if (name.endsWith('.')) return 'a branch name ends with a dot';
  if (name.split('/').some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock')))
    return 'a part of a branch name is empty, starts with a dot or ends with .lock';
  return undefined;
}

/** @throws InvalidInput */
export function requireBranch(name: string): string {
  const why = whyNotBranch(name);
  if (why !== undefined) throw new Failure('InvalidInput', why);
  return name;
}

/** `refs/heads/<branch>`. @throws InvalidInput when it is no branch name */
export const branchRef = (branch: string): string => `refs/heads/${requireBranch(branch)}`;

/** Lower-case ASCII words joined by dashes, at most 40 characters; `work` when nothing is left of the title. */
export function slugOf(title: string): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  return words.slice(0, SLUG_LENGTH).replace(/-+$/, '') || 'work';
}

const idTail = (id: string): string => {
  const hex = id.replace(/-/g, '').toLowerCase();
  if (!/^[0-9a-f]{12,}$/.test(hex)) throw new Failure('InvalidInput', 'an id must be a UUID');
  return hex.slice(-ID_HEX);
};

/** Frozen when the task is created: a later title changes nothing. */
export const taskBranch = (title: string, taskId: string): string => `millwright/${slugOf(title)}-${idTail(taskId)}`;
export const epicBranch = (title: string, epicId: string): string =>
  `millwright/epic/${slugOf(title)}-${idTail(epicId)}`;

/** Newest checkpoint of a task's tree; goes when the task ends. */
export const checkpointRef = (taskId: string): string => {
  idTail(taskId);
  return `refs/millwright/wip/${taskId.toLowerCase()}`;
};

/** Where the mirror keeps what it saw of the forge's branch. */
export const forgeRef = (branch: string): string => `refs/millwright/forge/${requireBranch(branch)}`;
/** Where the mirror keeps the source's branch between import and push. */
export const sourceRef = (branch: string): string => `refs/millwright/source/${requireBranch(branch)}`;

const OWN_PREFIXES = ['refs/heads/millwright/', 'refs/heads/millwright-queue/', 'refs/millwright/'] as const;

/** Whether the ref is ours to push and delete. Target branches are not: only `landHead` and `importSource` move them. */
export const isOwnRef = (ref: string): boolean =>
  OWN_PREFIXES.some((prefix) => ref.startsWith(prefix)) && whyNotBranch(ref.slice('refs/'.length)) === undefined;
