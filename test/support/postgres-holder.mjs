// Owns the PostgreSQL that tests share: started by the first test process, ends itself and its data when no process
// that leased it has lived for a while. Plain JavaScript, because it runs outside jest.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const { argv, runAs, root, idleMs } = JSON.parse(process.argv[2]);
const leases = join(root, 'leases');
const log = openSync(join(root, 'postgres.log'), 'a');
const ids = runAs === undefined ? {} : { uid: runAs, gid: runAs };
const [file, ...args] = argv;
const postgres = spawn(file, args, { stdio: ['ignore', log, log], cwd: root, ...ids });
closeSync(log);
postgres.on('exit', () => {
  for (const name of ['state.json', 'leases', 'leases.closing', 'data']) {
    rmSync(join(root, name), { recursive: true, force: true });
  }
  process.exit(0);
});

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
};
const isLeased = (directory) => readdirSync(directory).some((pid) => isAlive(Number(pid)));

let idleSince = Date.now();
setInterval(() => {
  if (isLeased(leases)) idleSince = Date.now();
  if (Date.now() - idleSince < idleMs) return;
  // From here on no test can lease; one that did a moment ago is seen, and the door opens again.
  renameSync(leases, `${leases}.closing`);
  if (isLeased(`${leases}.closing`)) renameSync(`${leases}.closing`, leases);
  else postgres.kill('SIGINT');
}, 1_000);
