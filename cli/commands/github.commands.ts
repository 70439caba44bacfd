import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.js';
import { type SetupOptions, setUpGitHub } from '../github/setup.js';
import { printGitHubStatus } from '../github/status.js';
import { integer } from './options.js';

export function addGitHubCommands(program: Command, contextOf: () => Context): void {
  const github = program.command('github').description('connect GitHub: an App of your own, and how it does');

  github
    .command('setup')
    .description('register a GitHub App in your browser, and keep what opens it')
    .option('--org <name>', 'the organisation that owns it; otherwise you do', organisation)
    .option('--name <name>', 'of the App, unique on GitHub; you can change it on the way', appName)
    .option('--webhook-url <url>', 'where GitHub reaches POST /webhooks/github; otherwise no webhook', webhookUrl)
    .option('--port <number>', 'of the local page, to forward it; otherwise a free one', integer(1, 65_535), 0)
    .option('--force', 'replace the App that is kept here')
    .option('--no-browser', 'only print the address')
    .option('--no-wait', 'end before it is installed')
    .action((options: SetupOptions) => setUpGitHub(contextOf().out, options));

  github
    .command('status')
    .description('who Millwright is at GitHub, what it may, whether webhooks arrive, and what is left of the limits')
    .action(() => printGitHubStatus(contextOf()));
}

function organisation(text: string): string {
  if (/^[a-z\d](?:[a-z\d-]{0,37}[a-z\d])?$/i.test(text)) return text;
  throw new InvalidArgumentError('wants the name of an organisation, as in its address');
}

function appName(text: string): string {
  const name = text.trim();
  if (name !== '' && name.length <= 34 && !/\p{Cc}/u.test(name)) return name;
  throw new InvalidArgumentError('wants 1 to 34 characters');
}

const PATH = '/webhooks/github';

/** A bare host gets the route of our API. */
function webhookUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.hash !== '') {
    throw new InvalidArgumentError('wants an address such as https://hooks.example.org/webhooks/github');
  }
  if (url.pathname === '/') url.pathname = PATH;
  if (!url.pathname.endsWith(PATH)) throw new InvalidArgumentError(`wants an address that ends with ${PATH}`);
  return url.href;
}
