// Records one history per species and purpose from a running instance (`npm run demo -- --keep`, then this with its
// MILLWRIGHT_HOME). Kept histories are never recorded again to make a replay green.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { loadConfig } = await import(join(root, 'dist/infra/config.js'));
const { readStackFacts } = await import(join(root, 'dist/infra/embedded/stack-file.js'));
const { connectTemporal } = await import(join(root, 'dist/infra/temporal.js'));

const facts = readStackFacts(loadConfig().layout);
if (!facts) throw new Error('No instance runs in this home.');
const { client, close } = await connectTemporal({ address: facts.temporalAddress, namespace: facts.temporalNamespace });
const directory = join(root, 'test/replay/histories');
mkdirSync(directory, { recursive: true });

/** The longest history of each species and of each kind of run says most. */
const longest = new Map();
for await (const { workflowId, runId, type } of client.workflow.list()) {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const historyLength = history.events?.length ?? 0; // an open one's is not listed
  const kind = purposeOf(type, history);
  if ((longest.get(kind)?.historyLength ?? 0) < historyLength)
    longest.set(kind, { historyLength, history, workflowId });
}
for (const [kind, { history, historyLength, workflowId }] of longest) {
  // Children's ids are made from it, so a replay must have the same.
  const kept = { workflowId, history: JSON.parse(historyToJSON(history)) };
  writeFileSync(join(directory, `${kind}.json`), `${JSON.stringify(kept)}\n`);
  console.log(`${kind}: ${historyLength} events`);
}
await close();

function purposeOf(type, history) {
  if (type !== 'agentRun') return type;
  const payload = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  return `agentRun-${JSON.parse(Buffer.from(payload ?? new Uint8Array()).toString('utf8')).kind}`;
}
