/** An answer that is no success, in GitHub's own form. */
export class GitHubError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly more: {
      readonly errors?: readonly unknown[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly documentationUrl?: string;
    } = {},
  ) {
    super(message);
  }

  body(): Readonly<Record<string, unknown>> {
    const { errors, documentationUrl = 'https://docs.github.com/rest' } = this.more;
    return {
      message: this.message,
      ...(errors ? { errors } : {}),
      documentation_url: documentationUrl,
      status: String(this.status),
    };
  }
}

export const notFound = (): GitHubError => new GitHubError(404, 'Not Found');

export const notAccessible = (): GitHubError => new GitHubError(403, 'Resource not accessible by integration');

export const invalidField = (resource: string, field: string, code = 'invalid'): GitHubError =>
  new GitHubError(422, 'Validation Failed', { errors: [{ resource, field, code }] });

/** A refusal with words of its own, as for a second pull request of the same branches. */
export const refused = (resource: string, message: string): GitHubError =>
  new GitHubError(422, 'Validation Failed', { errors: [{ resource, code: 'custom', message }] });
