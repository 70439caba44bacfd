import type { Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** As git reads the name, on file systems that fold case, end names early or shorten them too. */
const MODULES = /^(?:\.gitmodules|gitmod~\d|gi7eba~\d)[. ]*(?::.*)?$/i;
const ATTRIBUTES = /^(?:\.gitattributes|gitatt~\d|gi7d29~\d)[. ]*(?::.*)?$/i;
/** Git's own bound. */
const ATTRIBUTE_LINE_BYTES = 2_048;
/** Nobody reads more than this to find out. */
const READ_BYTES = 8 * 2 ** 20;

/**
 * Why a new or changed file could not be fetched by whoever checks objects, as every mirror does: git reads it itself
 * and distrusts what it says. Undefined for any other file.
 */
export async function whyNotOwnFile(path: Buffer, stats: Stats): Promise<string | undefined> {
  const name = path.subarray(path.lastIndexOf('/') + 1).toString('utf8');
  if (MODULES.test(name)) return 'submodules are not supported';
  if (!ATTRIBUTES.test(name) || !stats.isFile()) return undefined;
  if (stats.size > READ_BYTES || hasLongLine(await readFile(path))) return 'attributes that git does not read';
  return undefined;
}

function hasLongLine(text: Buffer): boolean {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(0x0a, from);
    const length = (end < 0 ? text.length : end) - from;
    if (length >= ATTRIBUTE_LINE_BYTES) return true;
    from += length + 1;
  }
  return false;
}
