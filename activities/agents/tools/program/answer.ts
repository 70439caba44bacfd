// Functions of this folder run inside the sandbox: their own text is sent there (see text.ts). So each uses nothing
// but its parameters, Node's globals, `fs` and `path`, and the other functions that text.ts lists.

/** What the program is asked; host code made and checked it. */
export type FileRequest =
  | { readonly tool: 'read_file'; readonly path: string; readonly offset: number; readonly limit: number }
  | { readonly tool: 'write_file'; readonly path: string; readonly content: string }
  | {
      readonly tool: 'edit_file';
      readonly path: string;
      readonly oldText: string;
      readonly newText: string;
      readonly replaceAll: boolean;
    }
  | { readonly tool: 'list_files'; readonly path: string; readonly glob?: string }
  | {
      readonly tool: 'search';
      readonly path: string;
      readonly pattern: string;
      readonly glob?: string;
      readonly maxResults: number;
    };

/** Regular expressions stand for globs: the program has no package to match them with. */
export interface FileLimits {
  readonly root: string;
  readonly maxFileBytes: number;
  readonly maxTextBytes: number;
  readonly maxListed: number;
  /** Directory or file names that list and search pass over. */
  readonly ignoredNames: readonly string[];
  /** Paths from the root that list and search pass over. */
  readonly ignoredPaths: readonly string[];
}

export type FileErrorCode =
  | 'INVALID_INPUT'
  | 'RESOURCE_NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'INVALID_STATE'
  | 'INTERNAL_ERROR';

export type FileAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: FileErrorCode; readonly message: string };

/** An answer thrown from deep inside; `main` turns it into output. */
export function refuse(code: FileErrorCode, message: string): Error {
  return Object.assign(new Error(message), { answerCode: code });
}

/** A system error in the words of a tool. */
export function explain(error: unknown, name: string): FileAnswer {
  const { answerCode, code, message } = error as { answerCode?: FileErrorCode; code?: string; message: string };
  if (answerCode !== undefined) return { ok: false, code: answerCode, message };
  switch (code) {
    case 'ENOENT':
      return { ok: false, code: 'RESOURCE_NOT_FOUND', message: `${name} does not exist.` };
    case 'ENOTDIR':
      return { ok: false, code: 'INVALID_INPUT', message: `A part of ${name} is a file, not a directory.` };
    case 'EISDIR':
      return { ok: false, code: 'INVALID_INPUT', message: `${name} is a directory.` };
    case 'ELOOP':
      return {
        ok: false,
        code: 'PERMISSION_DENIED',
        message: `${name} leads through a symbolic link, which is not followed.`,
      };
    case 'ENAMETOOLONG':
      return { ok: false, code: 'INVALID_INPUT', message: `A part of ${name} is too long.` };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { ok: false, code: 'PERMISSION_DENIED', message: `${name} may not be accessed in this way.` };
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return { ok: false, code: 'INVALID_STATE', message: `There is no room for ${name}.` };
    default:
      return { ok: false, code: 'INTERNAL_ERROR', message: `${name}: ${message}` };
  }
}
