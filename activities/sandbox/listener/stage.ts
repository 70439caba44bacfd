import type { Server } from 'node:net';
import { CHANNEL_FD, SHELL } from '../launch.js';
import { openListener } from './open-listener.js';

/**
 * A loopback port inside the sandbox at which somebody outside answers. Whoever reaches it is the run that the sandbox
 * was made for: no other sandbox and no process of the host shares its network namespace.
 */
export interface RunListener {
  readonly port: number;
  /** Takes the listening socket before the command starts; closing it is the taker's duty. */
  readonly accept: (listening: Server) => void;
}

/** The program that opens the listener, as one module that needs nothing but Node. */
export const listenerText = (): string =>
  ["import * as net from 'node:net';", String(openListener), 'openListener(Number(process.argv[2]));', ''].join('\n');

/** The listener first; then nothing of it is left but the network namespace it stands in. */
const ENTER = `
"$1" "$2" "$3" </dev/null >&2 || exit 71
exec ${CHANNEL_FD}>&-
unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
shift 3
exec "$@"`;

/**
 * The outer stage: a network namespace with nothing but a loopback, in which the listener is opened and the inner stage
 * is started. It sees the host's files, because it runs none but our own program.
 */
export const outerStage = (
  { bwrap, program, port }: { readonly bwrap: string; readonly program: string; readonly port: number },
  inner: readonly string[],
): readonly string[] => [
  ...[bwrap, '--unshare-user', '--unshare-net', '--die-with-parent', '--dev-bind', '/', '/', '--'],
  ...[SHELL, '--noprofile', '--norc', '-c', ENTER, 'stage', process.execPath, program, String(port)],
  ...inner,
];
