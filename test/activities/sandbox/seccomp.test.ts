import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { capturedText } from '../../../activities/sandbox/output.js';
import { SandboxHome, shell } from '../../support/sandbox/home.js';

let home: SandboxHome;
let open: SandboxHome;
beforeAll(async () => {
  [home, open] = await Promise.all([SandboxHome.open(), SandboxHome.open({ unixSockets: true })]);
});
afterAll(() => Promise.all([home.remove(), open.remove()]));

/** x64 numbers; each call has arguments that would not fail for another reason first, or fails with another error. */
const PROBE = `
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TRY(name, ...) { errno = 0; long r = syscall(__VA_ARGS__); printf("%s %d\\n", name, r < 0 ? errno : 0); }
int main(void) {
  TRY("ptrace", SYS_ptrace, 0, 0, 0, 0)
  TRY("mount", SYS_mount, "none", "/tmp", "tmpfs", 0, 0)
  TRY("umount", SYS_umount2, "/tmp", 0)
  TRY("unshare", SYS_unshare, 0x10000000)
  TRY("setns", SYS_setns, 0, 0)
  TRY("keyctl", SYS_keyctl, 0, -3, 0)
  TRY("add_key", SYS_add_key, "user", "x", "y", 1, -3)
  TRY("bpf", SYS_bpf, 0, 0, 0)
  TRY("perf", SYS_perf_event_open, 0, 0, -1, -1, 0)
  TRY("userfaultfd", SYS_userfaultfd, 1)
  TRY("io_uring", 425, 1, 0)
  TRY("process_vm_readv", SYS_process_vm_readv, getpid(), 0, 0, 0, 0, 0)
  TRY("fsopen", 430, "tmpfs", 0)
  TRY("open_by_handle", SYS_open_by_handle_at, 0, 0, 0)
  TRY("socket unix", SYS_socket, 1, 1, 0)
  TRY("socket vsock", SYS_socket, 40, 1, 0)
  TRY("socket alg", SYS_socket, 38, 5, 0)
  TRY("tiocsti", SYS_ioctl, 0, 0x5412, "x")
  TRY("clone newuser", SYS_clone, 0x10000011, 0, 0, 0, 0)
  errno = 0; long c3 = syscall(435, 0, 0); printf("clone3 %d\\n", c3 < 0 ? errno : 0);
  int pair[2]; TRY("socketpair", SYS_socketpair, 1, 1, 0, pair)
  TRY("socket inet", SYS_socket, 2, 1, 0)
}`;

const compiler = ['/usr/bin/cc', '/usr/bin/gcc'].find(existsSync);

describe.each([
  ['of its own', {}],
  ['of a session', { session: 'run/seccomp' }],
])('in a sandbox %s', (_, session) => {
  test('the kernel refuses what the filter names', async () => {
    expect(compiler).toBeDefined();
    const tree = await home.tree({ 'probe.c': PROBE });
    execFileSync(compiler ?? '', ['-O1', '-w', '-o', 'probe', 'probe.c'], { cwd: tree });
    const { stdout } = await home.sandbox.run(shell(tree, './probe; grep ^Seccomp: /proc/self/status', session));
    const lines = capturedText(stdout).trim().split('\n');
    const errors = Object.fromEntries(
      lines.slice(0, -1).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    );
    expect(lines.at(-1)).toBe('Seccomp:\t2');
    const { clone3, socketpair, 'socket inet': inet, ...denied } = errors;
    expect({ clone3, socketpair, inet }).toEqual({ clone3: 38, socketpair: 0, inet: 0 });
    expect(Object.entries(denied).filter(([, error]) => error !== 1)).toEqual([]);
    expect(Object.keys(denied).length).toBe(19);
  });
});

test('Node, Python, Go and Java still work', async () => {
  const tree = await home.tree({
    'main.go':
      'package main\nimport ("fmt"; "os/exec")\nfunc main() { o, _ := exec.Command("echo", "go").Output(); fmt.Print(string(o)) }',
    'Main.java':
      'class Main { public static void main(String[] a) throws Exception { var t = new Thread(() -> System.out.println("java")); t.start(); t.join(); } }',
  });
  const scripts = [
    `node -e "require('child_process').exec('echo node', (e, o) => process.stdout.write(o))"`,
    `node -e "const w = new (require('worker_threads').Worker)('1', { eval: true }); w.on('exit', () => console.log('thread'))"`,
    `/usr/bin/python3 -c "import subprocess, threading; t = threading.Thread(target=lambda: subprocess.run(['echo', 'python'])); t.start(); t.join()"`,
    'GOFLAGS=-mod=mod GOCACHE=/tmp/go GO111MODULE=off go run main.go',
    'java Main.java',
  ].filter((script) => !/go run|python3|java /.test(script) || isThere(script));
  const { stdout, stderr } = await home.sandbox.run(shell(tree, scripts.join('; '), { session: 'run/languages' }));
  const said = scripts.map((script) =>
    /worker_threads/.test(script) ? 'thread' : /node|python|go run|java/.exec(script)?.[0]?.split(' ')[0],
  );
  expect([capturedText(stdout).trim().split('\n'), capturedText(stderr)]).toEqual([said, expect.anything()]);
});
const isThere = (script: string): boolean => {
  if (script.startsWith('java')) return existsSync('/usr/bin/java');
  if (script.startsWith('/usr/bin/python3')) return existsSync('/usr/bin/python3');
  return existsSync('/usr/local/go/bin/go') || existsSync('/usr/bin/go');
};

test('sockets in the file system work only where an admin said so', async () => {
  const listen = `node -e "require('net').createServer().listen('/tmp/s').on('listening', () => { console.log('open'); process.exit() }).on('error', (e) => console.log(e.code))"`;
  const said = async (one: SandboxHome) =>
    capturedText((await one.sandbox.run(shell(await one.tree(), listen))).stdout);
  expect([await said(home), await said(open)]).toEqual(['EPERM\n', 'open\n']);
});
