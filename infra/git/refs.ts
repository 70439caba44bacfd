import { Failure } from '../../domain/failures.js';

const MAX_REF_BYTES = 200;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

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

/** Newest checkpoint of a task's tree; goes when the task ends. */
export const checkpointRef = (taskId: string): string => {
  if (!UUID.test(taskId)) throw new Failure('InvalidInput', 'a task id must be a UUID');
  return `${CHECKPOINTS}${taskId.toLowerCase()}`;
};

/** Prefix of all checkpoints. */
export const CHECKPOINTS = 'refs/millwright/wip/';

export const FORGE_REFS = 'refs/millwright/forge/';
/** Where the mirror keeps what it saw of the forge's branch. */
export const forgeRef = (branch: string): string => `${FORGE_REFS}${requireBranch(branch)}`;
/** Where the mirror keeps the source's branch between import and push. */
export const sourceRef = (branch: string): string => `refs/millwright/source/${requireBranch(branch)}`;

const OWN_PREFIXES = ['refs/heads/millwright/', 'refs/heads/millwright-queue/', 'refs/millwright/'] as const;

/** Whether the ref is ours to push and delete. Target branches are not: only `landHead` and `importSource` move them. */
export const isOwnRef = (ref: string): boolean =>
  OWN_PREFIXES.some((prefix) => ref.startsWith(prefix)) && whyNotBranch(ref.slice('refs/'.length)) === undefined;
