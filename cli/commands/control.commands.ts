import type { Command } from 'commander';
import type { Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { printOne } from '../output.js';

/** Everything at once, on all projects. */
export function addControlCommands(program: Command, contextOf: () => Context): void {
  for (const [verb, description] of [
    ['pause', 'hold everything: calls in flight end, nothing starts or lands until `thaw`'],
    ['thaw', 'let everything go on that a person did not pause by itself'],
  ] as const) {
    program
      .command(verb)
      .description(description)
      .option('--reason <text>', 'kept in the decision log')
      .action(async ({ reason }: { readonly reason?: string }) => {
        const { out, api } = contextOf();
        const client = await api();
        printControl(out, await client.post(`/control/${verb}`, reason ? { reason } : {}));
      });
  }
}

/** Who holds everything; nobody when no instance answers. */
export async function readHolders({ api }: Pick<Context, 'api'>): Promise<readonly string[]> {
  try {
    return (await (await api()).get<Resource>('/control')).pausedBy as readonly string[]; // a list by the API's schema
  } catch {
    // The status of everything else is worth having without it.
    return [];
  }
}

function printControl(out: Context['out'], control: Resource): void {
  const held = control.pausedBy as readonly string[]; // a list by the API's schema
  const limits = control.limits as Resource; // {maxEpics, maxWorkers}
  printOne(out, control, [
    ['everything', held.length > 0 ? `is held by ${held.join(', ')}` : 'goes on'],
    ['limits', `${limits.maxEpics} epics and ${limits.maxWorkers} workers at once`],
  ]);
}
