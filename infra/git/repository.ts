import type { BranchNames } from './branch-names.js';
import type { GitAccess, GitCredential } from './credential.js';
import type { Git, GitCall } from './run.js';

/** A bare repository of ours and the git that may work on it. */
export interface Repository {
  readonly git: Git;
  /** Absolute path of the git directory. */
  readonly dir: string;
}

/** Where a repository is pushed to and fetched from. */
export interface GitRemote {
  readonly url: string;
  readonly transport: 'file' | 'https' | 'http';
  /** Absent: whoever may reach it may use it. `isRefused`: the remote does not take the one that was given before. */
  readonly credential?: (access: GitAccess, isRefused: boolean) => Promise<GitCredential>;
  /** Absent: every branch is called there as it is here. */
  readonly names?: BranchNames;
}

/** How a git call reaches the remote. */
export const reach = async (
  { url, transport, credential }: GitRemote,
  access: GitAccess,
): Promise<Pick<GitCall, 'transport' | 'credential'>> => {
  if (credential === undefined) return { transport };
  const renew = (): Promise<GitCredential> => credential(access, true);
  return { transport, credential: { url, renew, ...(await credential(access, false)) } };
};

/** NUL-separated output as byte-exact strings (one character per byte). The final NUL ends, it does not separate. */
export const splitNul = (output: Buffer): string[] => {
  const fields = output.toString('latin1').split('\0');
  if (fields.at(-1) === '') fields.pop();
  return fields;
};

/** A byte order mark is a part of the name. */
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A byte-exact name as text for people and keys: UTF-8, else each byte that is no ASCII as `\xNN`. Injective enough to compare. */
export const pathText = (name: string): string => {
  try {
    return STRICT_UTF8.decode(Buffer.from(name, 'latin1'));
  } catch {
    return name.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  }
};

export const lineOf = (output: Buffer): string => output.toString('utf8').trim();
