import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { whyNotMarked } from '../prompts/judge.js';
import type { Tally, Vector } from '../vector.js';
import { needlesOf } from './needles.js';
import { SecretRun } from './run.js';
import { type Looked, searchDatabase, searchHistories } from './running.js';
import { type Secret, searchDisk, searchText } from './search.js';
import type { SecretsWorld } from './world.js';

const SECRET_OF_KEY = /_([A-Za-z0-9_-]{43})$/;

const secretsOf = (run: SecretRun): readonly Secret[] => {
  const { modelKey, environmentSecret, adminKey, memberKey, databasePassword } = run;
  const make = (name: string, secret: string, ...mayBeIn: readonly string[]): Secret => ({
    name,
    needles: needlesOf(SECRET_OF_KEY.exec(secret)?.[1] ?? secret),
    mayBeIn,
  });
  return [
    make('the model key', modelKey),
    make('a variable of the worker', environmentSecret),
    make('the key of a member', memberKey),
    make('the admin key', adminKey, 'home/secrets/admin.key'),
    make('the database password', databasePassword, 'home/secrets/postgres.password'),
  ];
};

const countAll = (tally: Tally, looked: number, found: readonly string[]): void => {
  for (const where of found) tally.count(where);
  for (let at = found.length; at < looked; at++) tally.count(undefined);
};

/** @param looks one for each place */
const countLooks = async (tally: Tally, looks: AsyncIterable<Looked>): Promise<void> => {
  for await (const { found } of looks) countAll(tally, 1, found);
};

/** Arguments and environments of everything that runs for this instance. */
const searchProcesses = (run: SecretRun, secrets: readonly Secret[], tally: Tally): void => {
  for (const { name, pid } of run.facts.processes) {
    const read = (file: string): Buffer => readFileSync(`/proc/${pid}/${file}`);
    countAll(tally, 1, searchText(`arguments of ${name}`, read('cmdline'), secrets));
    const foreign = secrets.filter(
      (secret) => secret.name === 'the model key' || (name !== 'api' && name !== 'worker'),
    );
    // The worker asks the model; it and the API open the database.
    if (name === 'worker') continue;
    countAll(
      tally,
      1,
      searchText(
        `environment of ${name}`,
        read('environ'),
        foreign.filter(({ name: of }) => of !== 'a variable of the worker'),
      ),
    );
  }
};

const checkModes = (run: SecretRun, tally: Tally): void => {
  const { secrets } = run.layout;
  for (const path of [secrets, ...readdirSync(secrets).map((name) => join(secrets, name))]) {
    const mode = statSync(path).mode & 0o777;
    tally.count((mode & 0o077) === 0 ? undefined : `${path} has mode ${mode.toString(8)}`);
  }
};

/** What the model was truly asked: texts of people stand in blocks there too. */
const checkPrompts = (run: SecretRun, secrets: readonly Secret[], tally: Tally): void => {
  if (run.model.requests.length < 3) throw new Error('the model was asked too seldom');
  for (const { messages } of run.model.requests) {
    const [first] = messages;
    const blocks = Array.isArray(first?.content) ? first.content : [{ type: 'text', text: first?.content }];
    for (const block of blocks as readonly { readonly type: string; readonly text?: unknown }[])
      if (block.type === 'text') tally.count(whyNotMarked(String(block.text), 'unknown'));
    countAll(tally, 1, searchText('a prompt', Buffer.from(JSON.stringify(messages)), secrets));
  }
};

export const sweep: Vector<SecretsWorld> = {
  name: 'canaries of a real run on disk, in rows, histories, logs, prompts, processes and a backup',
  controls: ['secrets.environment', 'secrets.shown-once', 'secrets.file-modes'],
  run: async (_, tally) => {
    const run = await SecretRun.start();
    try {
      await run.work();
      if (run.gateway.repeated < 4) throw new Error('the gateway did not repeat the key');
      const secrets = secretsOf(run);
      await countLooks(tally, searchDatabase(run, secrets));
      await countLooks(tally, searchHistories(run, secrets));
      searchProcesses(run, secrets, tally);
      checkModes(run, tally);
      checkPrompts(run, secrets, tally);
      await run.cli('down');
      let files = 0;
      const bait = { name: 'bait', needles: needlesOf(run.adminKey), mayBeIn: [] };
      if (searchDisk(run.layout.secrets, [bait], () => undefined).length === 0)
        throw new Error('the search finds nothing');
      const found = searchDisk(run.directory, secrets, () => files++);
      if (files < 100) throw new Error(`only ${files} files were found`);
      countAll(tally, files, found);
    } finally {
      await run.stop();
    }
  },
};
