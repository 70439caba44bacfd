// Stands where the factory stands, for M5a: its handler says at once that it ran.
import { condition, proxySinks, setHandler } from '@temporalio/workflow';
import { factoryForgeHintedSignal } from '../../workflows/contract/factory.js';

const { bench } = proxySinks<{ bench: { ran(): void } }>();

export async function factory(): Promise<void> {
  setHandler(factoryForgeHintedSignal, () => bench.ran());
  await condition(() => false); // it ends with the server
}
