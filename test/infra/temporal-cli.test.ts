import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { buildTemporalCli } from '../../infra/embedded/temporal-build.js';
import {
  cachedTemporalCli,
  type FetchTarget,
  locateTemporal,
  type TemporalFetchers,
  type TemporalSearch,
} from '../../infra/embedded/temporal-cli.js';
import { downloadTemporalCli } from '../../infra/embedded/temporal-download.js';
import { until } from '../support/until.js';

let root: string;
const roots: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'temporal-cli-'));
  roots.push(root);
});
afterAll(() => {
  for (const path of roots) rmSync(path, { recursive: true, force: true });
});

const script = (path: string, body: string): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};
const cli = (path: string, server = '1.31.2'): string =>
  script(path, `echo "temporal version 1.8.2 (Server ${server}, UI 2.50.1)"`);

/** Fetchers that count, and write a CLI like the real ones do. */
class CountingFetchers implements TemporalFetchers {
  downloads = 0;
  builds = 0;
  constructor(
    private readonly canDownload = false,
    /** How long a build takes. */
    private readonly work: () => Promise<void> = async () => {},
  ) {}
  async download({ target }: FetchTarget): Promise<void> {
    this.downloads++;
    if (!this.canDownload) throw new Error('connection refused');
    cli(target);
  }
  async build({ target, draft }: FetchTarget): Promise<void> {
    this.builds++;
    mkdirSync(draft);
    await this.work();
    cli(join(draft, 'temporal'));
    execFileSync('mv', [join(draft, 'temporal'), target]);
    rmSync(draft, { recursive: true });
  }
}

const search = (part: Partial<TemporalSearch>): TemporalSearch => ({
  address: undefined,
  given: undefined,
  searchPath: [],
  cacheDirectory: join(root, 'cache'),
  say: () => {},
  ...part,
});

test('the order is: address, the given CLI, the path, the cache, download, build', async () => {
  const cacheDirectory = join(root, 'cache');
  const found: string[] = [];
  const look = async (part: Partial<TemporalSearch>): Promise<void> => {
    const location = await locateTemporal(search({ cacheDirectory, ...part }));
    found.push(location.kind === 'running' ? location.address : location.from);
  };
  await look({ fetchers: new CountingFetchers(false) });
  rmSync(cacheDirectory, { recursive: true });
  await look({ fetchers: new CountingFetchers(true) });
  await look({});
  const searchPath = [join(root, 'empty'), dirname(cli(join(root, 'bin/temporal')))];
  await look({ searchPath });
  await look({ searchPath, given: cli(join(root, 'mine')) });
  await look({ searchPath, given: join(root, 'mine'), address: 'temporal.example:7233' });
  expect(found).toEqual(['build', 'download', 'cache', 'path', 'given', 'temporal.example:7233']);
});

test('a given CLI that does not work is an error of its own, never passed over', async () => {
  const given = script(join(root, 'broken'), 'exit 1');
  const lookup = locateTemporal(search({ given, fetchers: new CountingFetchers(true) }));
  await expect(lookup).rejects.toMatchObject({
    type: 'InvalidInput',
    details: { variable: 'MILLWRIGHT_TEMPORAL_CLI' },
  });
});

test('a CLI on the path whose server is too old is passed over', async () => {
  const searchPath = [dirname(cli(join(root, 'bin/temporal'), '1.22.0'))];
  const location = await locateTemporal(search({ searchPath, fetchers: new CountingFetchers(true) }));
  expect(location).toMatchObject({ kind: 'cli', from: 'download' });
});

test('two starts at once fetch once, and each says what it waits for and how long', async () => {
  const said: string[] = [];
  const fetchers = new CountingFetchers(false, () => until(() => said.some((line) => /waiting/.test(line))));
  const say = (message: string): void => void said.push(message);
  const found = await Promise.all([1, 2].map(() => locateTemporal(search({ fetchers, say }))));
  expect(fetchers.builds).toBe(1);
  expect(found.map((location) => location.kind === 'cli' && location.from).sort()).toEqual(['build', 'cache']);
  expect(said.filter((line) => /about 4 minutes/.test(line))).toHaveLength(1);
});

test('what a killed fetch left is removed and never taken for a CLI', async () => {
  const directory = dirname(cachedTemporalCli(join(root, 'cache')));
  cli(join(directory, 'draft-1', 'temporal'));
  await locateTemporal(search({ fetchers: new CountingFetchers(true) }));
  expect(readdirSync(directory).sort()).toEqual(['temporal']);
});

test('the end of the list is one error with every reason and every remedy', async () => {
  const fetchers = new CountingFetchers();
  fetchers.build = async () => {
    throw new Error('Go is not installed');
  };
  const failure = await locateTemporal(search({ fetchers })).catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'NotFound' });
  expect(String(failure)).toMatchInlineSnapshot(`
"Failure: Temporal was not found and could not be fetched.
  - no \`temporal\` is on PATH
  - download: connection refused
  - build: Go is not installed
Do one of these: install the Temporal CLI (https://docs.temporal.io/cli) so that \`temporal\` is on PATH; set
MILLWRIGHT_TEMPORAL_CLI to one; install Go 1.26.4 or later; or set TEMPORAL_ADDRESS to a running server."
`);
});

/** The vendor's endpoint: names an archive, which it serves too. */
const withVendor = async (archive: Buffer, use: (origin: string) => Promise<void>): Promise<void> => {
  let origin = '';
  const server: Server = createServer((request, answer) => {
    if (request.url?.startsWith('/cli/v1.8.2?')) {
      answer.end(JSON.stringify({ archiveUrl: `${origin}/archive.tar.gz`, fileToExtract: 'temporal' }));
    } else answer.end(archive);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  await use(origin).finally(() => server.close());
};

test('a download leaves the binary whole, and a broken archive leaves nothing', async () => {
  cli(join(root, 'pack/temporal'));
  execFileSync('tar', ['-czf', join(root, 'a.tar.gz'), '-C', join(root, 'pack'), 'temporal']);
  const archive = readFileSync(join(root, 'a.tar.gz'));
  const where = { version: '1.8.2', target: join(root, 'temporal'), draft: join(root, 'draft') };
  await withVendor(archive.subarray(0, archive.length / 2), async (origin) => {
    await expect(downloadTemporalCli({ ...where, origin })).rejects.toThrow('archive is broken');
  });
  expect([existsSync(where.target), existsSync(where.draft)]).toEqual([false, false]);
  await withVendor(archive, (origin) => downloadTemporalCli({ ...where, origin }));
  expect(execFileSync(where.target, ['--version'], { encoding: 'utf8' })).toContain('Server 1.31.2');
  expect(existsSync(where.draft)).toBe(false);
});

test('a build asks Go for the pinned module only, and one that fails leaves nothing', async () => {
  const go = script(
    join(root, 'go'),
    `echo "$PWD $*" >> ${root}/calls; while [ "$1" != -o ]; do shift; done; cp ${cli(join(root, 'cli'))} "$2"`,
  );
  const where = { version: '1.8.2', target: join(root, 'temporal'), draft: join(root, 'draft') };
  await buildTemporalCli({ ...where, go });
  expect(readFileSync(join(root, 'calls'), 'utf8')).toMatch(
    /infra\/tools\/temporal-cli build -mod=readonly .*github\.com\/temporalio\/cli\/cmd\/temporal\n$/,
  );
  expect([existsSync(where.target), existsSync(where.draft)]).toEqual([true, false]);
  const failing = { ...where, target: join(root, 'other'), go: script(join(root, 'bad-go'), 'exit 2') };
  await expect(buildTemporalCli(failing)).rejects.toThrow('go build ended with exit 2');
  expect([existsSync(failing.target), existsSync(failing.draft)]).toEqual([false, false]);
});
