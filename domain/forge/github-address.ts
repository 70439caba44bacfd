/** A repository's place on GitHub or an Enterprise server. */
export interface GitHubAddress {
  readonly owner: string;
  readonly repo: string;
}

const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9]|[-_](?=[A-Za-z0-9])){0,99}$/;
const REPO = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/**
 * `https://github.com/owner/name`, with or without `.git` and a slash at the end; undefined for whatever is no repository
 * of that site.
 * @param siteUrl without a trailing slash
 */
export function parseGitHubAddress(text: string, siteUrl: string): GitHubAddress | undefined {
  const site = siteUrl.toLowerCase();
  if (!text.toLowerCase().startsWith(`${site}/`)) return undefined;
  const [owner, name, ...more] = text
    .slice(site.length + 1)
    .replace(/\/+$/, '')
    .split('/');
  const repo = name?.replace(/\.git$/i, '');
  if (owner === undefined || repo === undefined || more.length > 0) return undefined;
  return OWNER.test(owner) && REPO.test(repo) ? { owner, repo } : undefined;
}
