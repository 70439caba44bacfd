// Runs the server as a process: main.js <scenario file> [port] [record file]. Prints one ready line of JSON.
import { loadScenario } from './scenario.js';
import { startModelServer } from './server.js';

const [scenarioPath, port = '0', recordFile] = process.argv.slice(2);
if (scenarioPath === undefined) {
  process.stderr.write('usage: main.js <scenario.yml|json> [port] [record.jsonl]\n');
  process.exit(2);
}

const server = await startModelServer({
  scenario: await loadScenario(scenarioPath),
  port: Number(port),
  ...(recordFile === undefined ? {} : { recordFile }),
});
const stop = (): void => void server.close().then(() => process.exit(0));
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// Forked: it dies with its parent.
process.on('disconnect', stop);
process.stdout.write(`${JSON.stringify({ ready: true, url: server.url, pid: process.pid })}\n`);
