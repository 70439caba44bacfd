// Runs the server as a process: main.js [port] [directory]. Prints one ready line of JSON. `POST /_control` takes
// `{"call": "people.openIssue", "with": [{…}]}` and answers `{"result": …}` or `{"error": "…"}`.
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obey } from './control.js';
import { startGitHub } from './start.js';

const [port = '0', given] = process.argv.slice(2);
const directory = given ?? mkdtempSync(join(tmpdir(), 'millwright-github-'));
const github = await startGitHub({ port: Number(port), directory });
const { id, clientId, slug, privateKey } = github.app;
const privateKeyFile = join(directory, 'app.pem');
writeFileSync(privateKeyFile, privateKey);
chmodSync(privateKeyFile, 0o600);
github.world.onControl = (control) => obey(github, control);

const stop = (): void =>
  void github.close().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    },
  );
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// Forked: it dies with its parent.
process.on('disconnect', stop);
const app = { id, clientId, slug, privateKeyFile };
process.stdout.write(
  `${JSON.stringify({ ready: true, url: github.url, apiUrl: github.apiUrl, pid: process.pid, app })}\n`,
);
