/** One request as the server saw it. No token is in it, only the id of one. */
export interface RecordedRequest {
  readonly atMs: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** As GitHub's document names it; `git` for git's own. */
  readonly operation: string | null;
  readonly tokenId: string | null;
  readonly login: string | null;
  /** 0: the connection was cut or left open. */
  readonly status: number;
  readonly createsContent: boolean;
  /** By a limit that the server itself counts. */
  readonly isLimited: boolean;
  /** By a scripted fault. */
  readonly fault: string | null;
}
