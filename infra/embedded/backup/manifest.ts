import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../../domain/failures.js';

/** Raised when a reader of the old shape could not read the new one. */
export const FORMAT = 1;

export const MANIFEST_FILE = 'manifest.json';

/** What a backup says of itself. */
export interface Manifest {
  readonly format: number;
  /** When the rows were as they are in it. */
  readonly madeAt: string;
  /** Names of the migrations that the rows are of, in order. */
  readonly migrations: readonly string[];
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Absent parts: the engine's store is not ours when `TEMPORAL_ADDRESS` names a server. */
  readonly hasEngine: boolean;
  readonly repositories: number;
}

/** @throws InvalidInput for what is no backup, or one of a later format */
export const readManifest = (directory: string): Manifest => {
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(readFileSync(join(directory, MANIFEST_FILE), 'utf8')) as Partial<Manifest>; // checked below
  } catch (cause) {
    throw new Failure('InvalidInput', 'The file is not a backup of Millwright: it has no manifest.', {}, { cause });
  }
  if (manifest.format !== FORMAT || !Array.isArray(manifest.migrations) || typeof manifest.rows !== 'object') {
    throw new Failure('InvalidInput', `The backup is of format ${manifest.format}; this program reads ${FORMAT}.`);
  }
  return manifest as Manifest; // written by this program, of the same format
};
