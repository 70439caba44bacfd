import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from './acts/apps.js';
import { Administration } from './administration.js';
import { CI_APP, Ci } from './ci/ci.js';
import { Faults } from './faults/faults.js';
import { listenerOf } from './http/listener.js';
import type { RecordedRequest } from './http/record.js';
import { routerOf } from './http/router.js';
import { Limiter } from './limits/limiter.js';
import { DEFAULT_EVENTS, DEFAULT_PERMISSIONS, type GitHubOptions } from './options.js';
import { pagesOf } from './pages.js';
import { People } from './people.js';
import { manifestConversions } from './routes/manifest.js';
import { routesOf } from './routes/routes.js';
import type { App, Token } from './state/records.js';
import type { State } from './state/state.js';
import { urlsOf } from './urls.js';
import type { Emitter } from './webhooks/emitter.js';
import { type Timing, World } from './world.js';

/** A running server, and what tests do with it. */
export interface GitHub {
  /** For `GITHUB_URL`: git and pages. */
  readonly url: string;
  /** For `GITHUB_API_URL`: REST. */
  readonly apiUrl: string;
  /** The App that new repositories have installed; with its private key. */
  readonly app: App;
  /** Repositories, people, rules, installations. */
  readonly admin: Administration;
  /** Issues, comments, labels, reviews and pushes of people. */
  readonly people: People;
  /** Everything there is. */
  readonly state: State;
  /** Every request so far, in the order in which they ended. */
  readonly requests: readonly RecordedRequest[];
  /** Every token ever issued, revoked and expired ones too. */
  readonly tokens: readonly Token[];
  readonly faults: Faults;
  readonly limiter: Limiter;
  readonly timing: Timing;
  readonly webhooks: Emitter;
  /** Pipelines of pushed branches. */
  readonly ci: Ci;
  readonly clock: World['clock'];
  readonly world: World;
  /** What contradicted GitHub's published documents so far. */
  readonly violations: readonly string[];
  /** Forgets violations that a test has looked at. */
  forgive(): readonly string[];
  /** @throws Error with every violation */
  assertValid(): void;
  /** Ends it, and throws as `assertValid` does. */
  close(): Promise<void>;
}

/** Starts a GitHub on 127.0.0.1. See README.md. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'millwright-github-'));
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o711);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const world = new World(urlsOf(`http://127.0.0.1:${port}`));
  Object.assign(world.timing, options.timing);
  const { slug = 'millwright', permissions = DEFAULT_PERMISSIONS, events = DEFAULT_EVENTS } = options.app ?? {};
  const app = createApp(world, { slug, ownerLogin: slug, permissions, events });
  createApp(world, {
    slug: CI_APP,
    name: 'GitHub Actions',
    ownerLogin: 'github',
    permissions: {},
    events: [],
    hasKey: false,
  });
  const admin = new Administration(world, directory, app);
  const ci = new Ci(world);
  const limiter = new Limiter(world.clock, options.limits);
  const faults = new Faults();
  const record: RecordedRequest[] = [];
  const conversions = manifestConversions(world, () => world.state.repositories[0]?.owner ?? slug);
  const find = routerOf([...routesOf(limiter), ...conversions.routes]);
  const pages = pagesOf(world, conversions);
  server.on('request', listenerOf({ world, faults, limiter, record, find, pages }));

  const forgive = (): readonly string[] => world.violations.splice(0);
  const assertValid = (): void => {
    const found = [...new Set(world.violations)];
    if (found.length > 0) throw new Error(`Contradicts GitHub's published documents:\n${found.join('\n')}`);
  };
  return {
    url: world.urls.web,
    apiUrl: world.urls.api,
    app,
    admin,
    people: new People(world),
    state: world.state,
    requests: record,
    tokens: world.state.tokens,
    faults,
    limiter,
    timing: world.timing,
    webhooks: world.webhooks,
    ci,
    clock: world.clock,
    world,
    violations: world.violations,
    forgive,
    assertValid,
    close: async () => {
      await ci.close();
      await world.webhooks.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
      assertValid();
    },
  };
}
