import { Failure } from '../../domain/failures.js';
import { parseGitHubAddress } from '../../domain/forge/github-address.js';
import type { GithubSettings } from '../../infra/config.js';

/** Where a project's branches and pull requests live. */
export interface ProjectPlace {
  readonly forge: 'local' | 'github';
  readonly source: string;
  /** Normalised; unique with the forge among live projects. */
  readonly remote: string;
  /** `owner/name`, where the forge has such. */
  readonly forgeName: string | null;
}

/**
 * The repository on GitHub that the text names, when GitHub is configured or asked for. Undefined: it is to be imported.
 * @throws InvalidInput, InvalidState when `github` is asked for and cannot be
 */
export function findOnGitHub(
  text: string,
  asked: 'local' | 'github' | undefined,
  { url, access }: Pick<GithubSettings, 'url' | 'access'>,
): ProjectPlace | undefined {
  if (asked === 'local' || (asked === undefined && access === undefined)) return undefined;
  const address = parseGitHubAddress(text, url);
  if (address === undefined) {
    if (asked === undefined) return undefined;
    throw new Failure('InvalidInput', `A project of GitHub is named by ${url}/<owner>/<name>.`, { field: 'source' });
  }
  if (access === undefined)
    throw new Failure('InvalidState', 'GitHub is not configured: set GITHUB_TOKEN, or run `millwright github setup`.');
  const source = `${url}/${address.owner}/${address.repo}`;
  return { forge: 'github', source, remote: source.toLowerCase(), forgeName: `${address.owner}/${address.repo}` };
}
