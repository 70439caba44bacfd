import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = ['../../dist', '../..'].map((path) => join(import.meta.dirname, path));

/** A program of the build, whether this file is part of the build or not. @throws when it was not built */
export function builtProgram(path: string): string {
  const found = PLACES.map((place) => join(place, path)).find(existsSync);
  if (found === undefined) throw new Error(`${path} is not built: npm run build`);
  return found;
}
