import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';

export interface DownloadRequest {
  /** Version of the CLI, without a leading v. */
  readonly version: string;
  /** Where the binary appears when it is complete. */
  readonly target: string;
  /** A directory of ours for what is not complete. */
  readonly draft: string;
  /** Default: the vendor's. Tests give their own. */
  readonly origin?: string;
}

interface ArchiveInfo {
  readonly archiveUrl: string;
  readonly fileToExtract: string;
}

const VENDOR = 'https://temporal.download';
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Fetches the CLI as the vendor's own test library does: the endpoint names an archive and the file inside. A refusal
 * or an unreachable network fails within seconds, so that the next way can be tried at once.
 * @see temporalio/sdk-core, crates/sdk-core/src/ephemeral_server
 */
export const downloadTemporalCli = async ({ version, target, draft, origin }: DownloadRequest): Promise<void> => {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  try {
    const query = new URLSearchParams({ arch: vendorArch(), platform: process.platform, format: 'tar.gz' });
    const info = await fetch(`${origin ?? VENDOR}/cli/v${version}?${query}`, {
      dispatcher,
      signal: AbortSignal.timeout(10_000),
    });
    if (!info.ok) throw new Error(`the vendor answered ${info.status}`);
    const { archiveUrl, fileToExtract } = parseInfo(await info.json());
    const archive = await fetch(archiveUrl, { dispatcher, signal: AbortSignal.timeout(10 * 60_000) });
    if (!archive.ok || archive.body === null) throw new Error(`the archive answered ${archive.status}`);
    await mkdir(draft, { recursive: true });
    const binary = join(draft, 'temporal');
    await extract(Readable.fromWeb(archive.body), fileToExtract, binary);
    await rename(binary, target);
  } finally {
    await rm(draft, { recursive: true, force: true });
    await dispatcher.close();
  }
};

const vendorArch = (): string => {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
  const name = names[process.arch];
  if (name === undefined) throw new Error(`the vendor has no build for ${process.arch}`);
  return name;
};

const parseInfo = (body: unknown): ArchiveInfo => {
  const { archiveUrl, fileToExtract } = (body ?? {}) as Partial<ArchiveInfo>; // checked below
  if (typeof archiveUrl !== 'string' || !archiveUrl.endsWith('.tar.gz') || typeof fileToExtract !== 'string') {
    throw new Error('the vendor answered something else than an archive');
  }
  return { archiveUrl, fileToExtract };
};

const extract = async (archive: Readable, member: string, path: string): Promise<void> => {
  const tar = spawn('tar', ['-xzOf', '-', '--', member], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = new Promise<number | null>((resolve, reject) => {
    tar.on('error', reject).on('exit', resolve);
  });
  const written = pipeline(tar.stdout, createWriteStream(path, { mode: 0o755 }));
  // tar closes its input once it has the member, which is no failure; its exit status is what counts.
  const fed = pipeline(archive, tar.stdin).catch((error: unknown) => error);
  const [status, feedError] = await Promise.all([exited, fed, written]);
  if (status !== 0) throw new Error('the archive is broken', { cause: feedError });
};
