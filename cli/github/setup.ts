import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';
import { type GithubPlaces, githubCredentials, githubPlaces, loadClientSettings } from '../../infra/config.js';
import { prepareHome } from '../../infra/embedded/home.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { errorMessage, errorReason } from '../../infra/errors.js';
import { keepApp } from '../../infra/forge/github/app-file.js';
import { appManifest } from '../../infra/forge/github/app-manifest.js';
import { clientOf } from '../../infra/forge/github/direct-client.js';
import { type InstallationView, readInstallations } from '../../infra/forge/github/installations.js';
import { convertManifest, type NewApp } from '../../infra/forge/github/new-app.js';
import { CliError } from '../errors.js';
import { type Output, printJson, visible } from '../output.js';
import { openLoopback } from './loopback.js';
import { openBrowser } from './open-browser.js';
import { consentPage, madePage } from './page.js';
import { TEXT } from './text.js';

export interface SetupOptions {
  readonly org?: string;
  readonly name?: string;
  readonly webhookUrl?: string;
  readonly port: number;
  readonly force?: boolean;
  readonly browser: boolean;
  readonly wait: boolean;
}

const LIFE_MS = 10 * 60_000;
const LOOK_EVERY_MS = 3_000;
const MOST_LOOKS = 600;
/** GitHub's longest name of an App. */
const NAME_CHARS = 34;

/** From nothing to an App that is installed: the person clicks twice at GitHub, the rest is ours. */
export async function setUpGitHub(out: Output, options: SetupOptions): Promise<void> {
  const places = githubPlaces();
  const { layout } = places;
  if (existsSync(layout.githubAppFile) && options.force !== true) throw new CliError(TEXT.exists(layout.githubAppFile));
  // What cannot be written is known before GitHub makes anything.
  prepareHome(layout, undefined);
  const say = (text: string): void => void out.screen.write(`${visible(text)}\n`);
  const app = await register(places, options, { say, isTerminal: out.screen.isTTY === true });
  const installUrl = `${app.url}/installations/new`;
  say(TEXT.made(app.name, layout.githubAppFile));
  if (isShadowed(app)) say(TEXT.shadowed);
  say(TEXT.install(installUrl));
  const installations = options.wait ? await untilInstalled(places, app, say) : [];
  for (const one of installations) say(TEXT.installed(one));
  if (options.wait && installations.length === 0) say(TEXT.notInstalled);
  say(TEXT.next(readStackFacts(layout) !== undefined));
  if (!out.json) return;
  const { appId, slug = null } = app.file;
  const shown = installations.map(({ account, repositories, repositoryCount }) => ({
    account,
    repositories,
    repositoryCount,
  }));
  const webhookUrl = options.webhookUrl ?? null;
  const { name, url, owner } = app;
  printJson(out, {
    appId,
    slug,
    name,
    owner,
    url,
    installUrl,
    webhookUrl,
    file: layout.githubAppFile,
    installations: shown,
  });
}

interface Voice {
  readonly say: (text: string) => void;
  readonly isTerminal: boolean;
}

/** Has the person register the App, and keeps what opens it. */
async function register(places: GithubPlaces, options: SetupOptions, { say, isTerminal }: Voice): Promise<NewApp> {
  const { org, webhookUrl } = options;
  const settings =
    org === undefined ? `${places.url}/settings/apps` : `${places.url}/organizations/${org}/settings/apps`;
  const name = options.name ?? `Millwright ${org ?? hostname()}`.slice(0, NAME_CHARS).trim();
  const made: NewApp[] = [];
  const loopback = await openLoopback({
    port: options.port,
    lifeMs: LIFE_MS,
    formTargets: [new URL(places.url).origin],
    page: ({ state, callbackUrl }) =>
      consentPage({
        target: `${settings}/new?state=${state}`,
        manifest: appManifest({ name, redirectUrl: callbackUrl, ...(webhookUrl ? { webhookUrl } : {}) }),
        webhookUrl,
      }),
    exchange: async (code) => {
      const app = await exchange(places, code, settings);
      keep(places, app, { settings, mayReplace: options.force === true });
      made.push(app);
      return madePage(app.name, `${app.url}/installations/new`);
    },
  });
  const { hasDesktop } = loadClientSettings();
  const canOpen = options.browser && isTerminal && hasDesktop;
  say(TEXT.webhook(webhookUrl));
  say(TEXT.open(loopback.address, !hasDesktop));
  if (canOpen) openBrowser(loopback.address);
  await loopback.done;
  const [app] = made;
  if (app === undefined) throw new CliError(TEXT.used);
  return app;
}

async function exchange({ apiUrl }: GithubPlaces, code: string, settings: string): Promise<NewApp> {
  try {
    return await convertManifest(apiUrl, code);
  } catch (error) {
    const isUnknown = error instanceof Failure && ['NotFound', 'InvalidInput'].includes(error.type);
    throw new CliError(isUnknown ? TEXT.used : TEXT.lost(errorMessage(error), settings));
  }
}

interface Keeping {
  readonly settings: string;
  readonly mayReplace: boolean;
}

function keep({ layout }: GithubPlaces, { file }: NewApp, { settings, mayReplace }: Keeping): void {
  let isKept: boolean;
  try {
    isKept = keepApp(layout.githubAppFile, file, { mayReplace });
  } catch (error) {
    throw new CliError(TEXT.unkept(errorReason(error), settings));
  }
  if (!isKept) throw new CliError(TEXT.unkept(`${layout.githubAppFile} was made meanwhile`, settings));
}

const isShadowed = ({ file }: NewApp): boolean => {
  const used = githubCredentials();
  return used?.kind === 'app' && used.appId !== file.appId;
};

/** Empty when nobody did within half an hour. What fails for the moment is asked again. */
async function untilInstalled(
  { apiUrl }: GithubPlaces,
  { file }: NewApp,
  say: (text: string) => void,
): Promise<readonly InstallationView[]> {
  say(TEXT.waiting);
  const client = clientOf({ kind: 'app', appId: file.appId, privateKey: file.privateKey }, { apiUrl });
  for (let look = 0; look < MOST_LOOKS; look++) {
    if (look > 0) await sleep(LOOK_EVERY_MS);
    try {
      const found = await readInstallations(client, apiUrl);
      if (found.length > 0) return found;
    } catch (error) {
      if (!(error instanceof Failure && ['Unavailable', 'RateLimited'].includes(error.type))) throw error;
    }
  }
  return [];
}
