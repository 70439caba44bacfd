import { createAppAuth } from '@octokit/auth-app';
import { RequestError } from '@octokit/request-error';
import { Octokit } from '@octokit/rest';
import type { GithubCredentials } from '../../config/github.js';
import { API_VERSION, SILENT } from './client.js';
import { forgeFailure, rateAnswer } from './failures.js';

const ANSWER_MS = 20_000;

export interface DirectOptions {
  readonly apiUrl: string;
  /** Value of the `authorization` header. Absent: none is sent. */
  readonly authorise?: () => Promise<string>;
  /** Told of each answer's `date`, as milliseconds that this machine's clock is ahead. */
  readonly onClock?: (aheadMs: number) => void;
}

/**
 * For the few questions of a person at a command line, where no database runs and no limit is shared: each request goes
 * out as it is, once, with a deadline, and fails as `Failure`.
 */
export function directClient({ apiUrl, authorise, onClock }: DirectOptions): Octokit {
  const client = new Octokit({ baseUrl: apiUrl, userAgent: 'millwright', log: SILENT });
  client.hook.wrap('request', async (send, request) => {
    if (authorise !== undefined) request.headers.authorization = await authorise();
    request.headers['x-github-api-version'] = API_VERSION;
    request.request = { ...request.request, signal: AbortSignal.timeout(ANSWER_MS) };
    const heard = ({ date }: { readonly date?: string | undefined }): void => {
      if (date !== undefined) onClock?.(Date.now() - Date.parse(date));
    };
    try {
      const answer = await send(request);
      heard(answer.headers);
      return answer;
    } catch (error) {
      if (!(error instanceof RequestError) || error.response === undefined) throw forgeFailure(error);
      heard(error.response.headers);
      const { isLimited, retryAfterMs = 60_000 } = rateAnswer(error.status, error.response.headers, error.message);
      throw forgeFailure(error, isLimited ? retryAfterMs : undefined);
    }
  });
  return client;
}

/** As the App itself, or as the person whose token it is. */
export function clientOf(credentials: GithubCredentials, options: Omit<DirectOptions, 'authorise'>): Octokit {
  if (credentials.kind === 'token') {
    return directClient({ ...options, authorise: async () => `token ${credentials.token}` });
  }
  const auth = createAppAuth({ appId: credentials.appId, privateKey: credentials.privateKey });
  return directClient({ ...options, authorise: async () => `bearer ${(await auth({ type: 'app' })).token}` });
}
