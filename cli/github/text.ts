import type { InstallationView } from '../../infra/forge/github/installations.js';

/** Everything that `millwright github` says to people at a terminal. */
export const TEXT = {
  open: (address: string, isRemote: boolean): string =>
    [
      'Open this address in your browser:',
      '',
      `  ${address}`,
      '',
      'It works once, for ten minutes.',
      ...(isRemote ? [`From another machine, forward the port first: ssh -L ${portOf(address)} <this machine>`] : []),
    ].join('\n'),

  webhook: (url: string | undefined): string =>
    url === undefined
      ? 'Without --webhook-url the App sends nothing: Millwright looks by itself, and notices things up to a minute later.'
      : `GitHub will send webhooks to ${url}.`,

  made: (name: string, file: string): string => `\nRegistered ${name}. What opens it is in ${file}.`,

  install: (url: string): string => `\nInstall it on the repositories that Millwright may work on:\n\n  ${url}\n`,

  waiting: 'Waiting until it is installed (Ctrl-C stops the waiting, and keeps the App) …',

  notInstalled: 'It is not installed anywhere yet: millwright github status says when it is.',

  installed: (one: InstallationView): string => `Installed on ${one.account}: ${repositoriesOf(one)}.`,

  next: (isRunning: boolean): string =>
    [
      '',
      'Next:',
      ...(isRunning ? ['  millwright down && millwright up'] : ['  millwright up']),
      '  millwright project add <address of a repository>',
    ].join('\n'),

  shadowed:
    'GITHUB_APP_ID is set and wins over what was kept just now: unset it and GITHUB_APP_PRIVATE_KEY_FILE to use the new App.',

  exists: (file: string): string =>
    `${file} holds an App already. --force replaces it; the old one then stays at GitHub until you delete it there.`,

  used: 'GitHub does not know this code: it was used before or is more than an hour old. Run millwright github setup again.',

  lost: (why: string, settings: string): string =>
    `The App may have been registered, and its key did not arrive (${why}). Delete it at ${settings} and run millwright github setup again.`,

  unkept: (why: string, settings: string): string =>
    `The App was registered, and its key could not be kept (${why}). Delete it at ${settings} and run millwright github setup again.`,

  unconfigured:
    'GitHub is not connected. For a team run millwright github setup; for a first try set GITHUB_TOKEN (docs/github.md).',
};

const portOf = (address: string): string => {
  const { port } = new URL(address);
  return `${port}:127.0.0.1:${port}`;
};

export function repositoriesOf({ repositories, repositoryCount }: InstallationView): string {
  if (repositoryCount === 0) return 'no repository yet';
  const shown = repositories.slice(0, 10).join(', ');
  return repositoryCount > 10 ? `${shown} and ${repositoryCount - 10} more` : shown;
}
