import { readdirSync, readFileSync } from 'node:fs';
import { setInterval as every } from 'node:timers/promises';
import { needlesOf } from '../../attack/secrets/needles.js';
import { searchDatabase, searchHistories } from '../../attack/secrets/running.js';
import { type Secret, searchDisk } from '../../attack/secrets/search.js';
import type { Instance } from '../../support/e2e/instance.js';
import type { GitHub } from '../../support/github/start.js';

const TOKEN = /gh[sp]_[A-Za-z0-9]{20,}/;
/** `x-access-token:ghs_` as the header of git's request has it. */
const BASIC = Buffer.from('x-access-token:ghs').toString('base64');

/** Looks at the arguments and the environment of every process, over and over, for tokens of GitHub. */
export class ProcessWatch {
  private readonly found = new Set<string>();
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;
  private looks = 0;

  constructor() {
    this.watching = this.watch();
  }

  /** Which processes held one. */
  async stop(): Promise<readonly string[]> {
    this.stopping.abort();
    await this.watching;
    if (this.looks === 0) throw new Error('No process was looked at.');
    return [...this.found];
  }

  private async watch(): Promise<void> {
    try {
      for await (const _ of every(150, undefined, { signal: this.stopping.signal })) this.look();
    } catch {
      // stopped
    }
  }

  private look(): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
      for (const file of ['cmdline', 'environ']) {
        this.looks += 1;
        const text = textOf(`/proc/${pid}/${file}`);
        if (TOKEN.test(text) || text.includes(BASIC)) this.found.add(`${file} of ${nameOf(pid)}`);
      }
    }
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it ended between two looks
  }
};

const nameOf = (pid: string): string => textOf(`/proc/${pid}/cmdline`).split('\0').slice(0, 3).join(' ');

function secretsOf({ tokens, app }: GitHub, secrets: readonly string[]): readonly Secret[] {
  const issued = tokens.map(({ id, value }) => ({
    name: id,
    needles: [
      { form: 'the first half', bytes: Buffer.from(value.slice(0, 20)) },
      { form: 'the second half', bytes: Buffer.from(value.slice(-16)) },
    ],
    mayBeIn: [],
  }));
  const [, line = ''] = app.privateKey.split('\n');
  return [
    ...issued,
    { name: 'a token', needles: [{ form: 'as git sends it', bytes: Buffer.from(BASIC) }], mayBeIn: [] },
    { name: 'the key of the App', needles: needlesOf(line), mayBeIn: [] },
    ...secrets.map((secret, at) => ({ name: `secret ${at + 1}`, needles: needlesOf(secret), mayBeIn: [] })),
  ];
}

/**
 * Where tokens, the App's key or one of the secrets lie about: in rows, in histories, and, once the instance is down,
 * in any file of its directory.
 */
export async function findTokens(
  instance: Instance,
  github: GitHub,
  { secrets, wasKilled }: { readonly secrets: readonly string[]; readonly wasKilled: boolean },
): Promise<readonly string[]> {
  const sought = secretsOf(github, secrets);
  const found: string[] = [];
  for (const looked of [searchDatabase(instance, sought), searchHistories(instance, sought)])
    for await (const { found: here } of looked) found.push(...here);
  await instance.cli('down');
  let files = 0;
  found.push(...searchDisk(instance.directory, sought, () => files++));
  if (files < 100) throw new Error(`Only ${files} files were looked at.`);
  const kept = github.tokens.filter(({ kind, revokedAtMs }) => kind === 'installation' && revokedAtMs === null);
  // A process that was killed gives nothing back.
  if (wasKilled) return found;
  return [...found, ...kept.map(({ id }) => `${id} was not given back`)];
}
