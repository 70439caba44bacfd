import * as fs from 'node:fs';

/**
 * Both ends of a named pipe, as descriptors of their own. Node's pipes are sockets, which a script cannot open by name
 * (`> /dev/stderr`). The first descriptor keeps the opening of the others from waiting for each other.
 */
export function openPipe(name: string): { readonly reader: number; readonly writer: number } {
  const both = fs.openSync(name, 'r+');
  try {
    return { reader: fs.openSync(name, 'r'), writer: fs.openSync(name, 'w') };
  } finally {
    fs.closeSync(both);
  }
}

/** A file, because a named pipe whose writer is done cannot be opened again as /dev/stdin. @param content base64 */
export function openInput(name: string, content: string): number {
  if (content === '') return fs.openSync('/dev/null', 'r');
  fs.writeFileSync(name, content, { encoding: 'base64', mode: 0o600 });
  return fs.openSync(name, 'r');
}

export function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at);
}

/** Numbers of the open descriptors, without the one that the listing itself needs. */
export function openFiles(): ReadonlySet<string> {
  const links = fs.readdirSync('/proc/self/fd').map((name) => `/proc/self/fd/${name}`);
  const open = links.filter((link) => fs.lstatSync(link, { throwIfNoEntry: false }) !== undefined);
  return new Set(open.map((link) => link.slice('/proc/self/fd/'.length)));
}

/** Closes what a module opened and forgot. */
export function closeAllBut(kept: ReadonlySet<string>): void {
  for (const name of openFiles()) if (!kept.has(name)) fs.closeSync(Number(name));
}
