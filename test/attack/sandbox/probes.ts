import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { serviceUser } from '../../support/sandbox/home.js';
import { CANARY, type SandboxWorld } from './world.js';

/** One look at the walls from inside. */
export interface Probe {
  readonly name: string;
  readonly controls: readonly string[];
  readonly isSmoke?: boolean;
  readonly isTreeReadOnly?: boolean;
  readonly script: (world: SandboxWorld) => string;
  /** How the output shows that it got through; undefined: it was stopped. @throws when the probe itself did not work */
  readonly judge: (output: string) => string | undefined;
}

const showsCanary = (output: string): string | undefined =>
  output.includes(CANARY) ? `it shows ${output.trim().slice(0, 100)}` : undefined;

/** Every line that the script prints is something it could do. */
const mustBeSilent = (output: string): string | undefined =>
  output.trim() === '' ? undefined : output.trim().replace(/\s+/g, ' ').slice(0, 200);

const lineOf = (output: string, name: string): string => {
  const line = output.split('\n').find((one) => one.startsWith(`${name}=`));
  if (line === undefined) throw new Error(`the probe did not say ${name}: ${output.slice(0, 200)}`);
  return line.slice(name.length + 1);
};

const connect = (target: string): string =>
  `node -e "const s=require('net').connect(${target});s.setTimeout(3000,()=>s.destroy());s.on('data',d=>console.log(String(d))).on('error',()=>{})"`;

const NAMESPACES: Readonly<Record<string, string>> = {
  pid: 'sandbox.pid-namespace',
  net: 'sandbox.network',
  mnt: 'sandbox.reads',
  ipc: 'sandbox.ipc-namespace',
  uts: 'sandbox.uts-namespace',
  user: 'sandbox.user-namespaces',
};

const namespaces = Object.entries(NAMESPACES).map(
  ([kind, control]): Probe => ({
    name: `the ${kind} namespace of the host`,
    controls: kind === 'mnt' || kind === 'user' ? [] : [control],
    script: () => `echo ns=$(readlink /proc/self/ns/${kind})`,
    judge: (output) =>
      lineOf(output, 'ns') === readlinkSync(`/proc/self/ns/${kind}`) ? 'it is the one of the host' : undefined,
  }),
);

const network: readonly Probe[] = [
  {
    name: 'a TCP port of the host',
    controls: ['sandbox.network'],
    isSmoke: true,
    script: ({ tcpPort }) => connect(`${tcpPort},'127.0.0.1'`),
    judge: showsCanary,
  },
  {
    name: 'a UDP port of the host',
    controls: ['sandbox.network'],
    script: ({ udpPort }) =>
      `node -e "const s=require('dgram').createSocket('udp4').on('message',m=>{console.log(String(m));s.close()}).on('error',()=>{});s.send('x',${udpPort},'127.0.0.1',()=>setTimeout(()=>process.exit(),1000))"`,
    judge: showsCanary,
  },
  {
    name: 'a socket of the abstract name space',
    controls: ['sandbox.network'],
    // The shell makes one backslash of two, and JavaScript a NUL of that.
    script: ({ abstractSocket }) => connect(`{path:'${abstractSocket.replace('\0', '\\\\0')}'}`),
    judge: showsCanary,
  },
  {
    name: 'interfaces and routes',
    controls: ['sandbox.network'],
    script: () =>
      `cut -d: -f1 /proc/net/dev | tail -n +3 | grep -v ' lo$'; tail -n +2 /proc/net/route; grep -v ' lo$' /proc/net/ipv6_route`,
    judge: mustBeSilent,
  },
  {
    name: 'names, the metadata service, other hosts',
    controls: [],
    script: () =>
      `node -e "require('dns').lookup('example.org',(e,a)=>a&&console.log(a));for(const h of ['169.254.169.254','1.1.1.1','::1'])require('net').connect(80,h).on('connect',()=>console.log(h)).on('error',()=>{});setTimeout(()=>process.exit(),2000)"`,
    judge: mustBeSilent,
  },
];

const files: readonly Probe[] = [
  {
    name: 'files of the host that anybody may read',
    controls: ['sandbox.reads'],
    isSmoke: true,
    script: ({ secretFile, otherTree, home }) =>
      `cat ${secretFile} ${otherTree}/other.txt ${home.directory}/mirror/config /proc/1/root${secretFile} /proc/self/root${secretFile} /proc/1/cwd${secretFile} 2>/dev/null; true`,
    judge: showsCanary,
  },
  {
    name: 'directories of the host',
    controls: ['sandbox.reads'],
    script: () =>
      'for d in /root /home /var /opt /srv /sys /boot /mnt /media /run/user /run/docker.sock /run/systemd /tmp/.X11-unix; do ls $d 2>/dev/null; done; true',
    judge: mustBeSilent,
  },
  {
    name: 'the configuration of the host',
    controls: ['sandbox.own-etc'],
    script: () =>
      'cd /etc; for f in hostname shadow gshadow sudoers fstab machine-id ssh environment profile bash.bashrc gitconfig crontab; do [ -e $f ] && echo $f; done; grep -vE "^(root|sandbox|nobody):" passwd; true',
    judge: mustBeSilent,
  },
  {
    name: 'places that must not be written',
    controls: ['sandbox.read-only-root'],
    script: () =>
      'for d in / /usr /usr/bin /usr/local/bin /etc /dev /bin /lib /proc /proc/sys/kernel /proc/self /run; do touch $d/attack 2>/dev/null && echo $d; done; true',
    judge: mustBeSilent,
  },
  {
    name: 'a tree that is only to be read',
    controls: ['sandbox.read-only-tree'],
    isTreeReadOnly: true,
    script: () =>
      'for t in "touch x" "mkdir d" "ln -s / l" "chmod 777 ." "mount -o remount,rw /src"; do $t 2>/dev/null && echo "$t"; done; true',
    judge: mustBeSilent,
  },
  {
    name: 'devices and kernel interfaces',
    controls: [],
    script: () =>
      'for f in /dev/kmsg /dev/mem /dev/port /dev/sda /dev/fuse /dev/kvm /dev/net/tun /proc/kcore /proc/sysrq-trigger /proc/kmsg; do head -c1 $f 2>/dev/null | grep -q . && echo $f; done; head -1 /proc/kallsyms 2>/dev/null | grep -q "^0* " || echo kallsyms; mknod d c 1 5 2>/dev/null && echo mknod; for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname; do (echo x > $f) 2>/dev/null && echo $f; done; true',
    judge: mustBeSilent,
  },
];

const identity: readonly Probe[] = [
  {
    name: 'the user, its groups and capabilities',
    controls: ['sandbox.service-user'],
    isSmoke: true,
    script: () =>
      'echo uid=$(id -u); echo cap=$(grep -E "^Cap(Eff|Prm|Inh|Amb|Bnd)" /proc/self/status | cut -f2 | sort -u | tr "\\n" " "); echo nnp=$(grep NoNewPrivs /proc/self/status | cut -f2)',
    judge: (output) => {
      if (lineOf(output, 'uid') !== String(serviceUser?.uid ?? process.getuid?.()))
        return `it runs as ${lineOf(output, 'uid')}`;
      if (lineOf(output, 'cap').trim() !== '0000000000000000') return `it holds capabilities ${lineOf(output, 'cap')}`;
      return lineOf(output, 'nnp') === '1' ? undefined : 'it may gain privileges';
    },
  },
  {
    name: 'programs that raise privileges',
    controls: [],
    script: () =>
      'for p in "sudo -n id" "su -c id" "pkexec id" "newgrp root"; do $p </dev/null 2>/dev/null | grep -q "uid=0" && echo "$p"; done; true',
    judge: mustBeSilent,
  },
  {
    name: 'the environment of the worker',
    controls: ['sandbox.environment'],
    isSmoke: true,
    script: () =>
      'env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"; cat /proc/*/task/*/environ 2>/dev/null | tr "\\0" "\\n"',
    judge: (output) => {
      const names = new Set(output.split('\n').map((line) => line.split('=')[0] ?? ''));
      const extra = [...names].filter((name) => /^[A-Z_]+$/.test(name) && !KNOWN_NAMES.includes(name));
      return showsCanary(output) ?? (extra.length > 0 ? `it sees ${extra.join(', ')}` : undefined);
    },
  },
  {
    name: 'processes of the host',
    controls: ['sandbox.pid-namespace'],
    script: () =>
      'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"; ls /proc | grep -cE "^[0-9]+$" | sed s/^/count=/',
    judge: (output) => {
      const count = Number(lineOf(output, 'count'));
      return showsCanary(output) ?? (count > 12 ? `it sees ${count} processes` : undefined);
    },
  },
  {
    name: 'message queues of the host',
    controls: ['sandbox.ipc-namespace'],
    script: () => 'tail -n +2 /proc/sysvipc/msg; tail -n +2 /proc/sysvipc/shm; tail -n +2 /proc/sysvipc/sem',
    judge: mustBeSilent,
  },
  {
    name: 'the name of the host',
    controls: ['sandbox.uts-namespace'],
    script: () => 'echo name=$(hostname)',
    judge: (output) => (lineOf(output, 'name') === hostname() ? `it is ${hostname()}` : undefined),
  },
  {
    name: 'the session of the host’s terminal',
    controls: ['sandbox.session'],
    // A session that was begun outside has no number inside.
    script: () => 'echo sid=$(cut -d" " -f6 /proc/$$/stat)',
    judge: (output) => (lineOf(output, 'sid') === '0' ? 'it belongs to a session of the host' : undefined),
  },
  {
    name: 'namespaces of its own',
    controls: ['sandbox.user-namespaces'],
    script: () => 'for f in -U -Ur -Urm -Un -Up -UC; do unshare $f true 2>/dev/null && echo "unshare $f"; done; true',
    judge: mustBeSilent,
  },
];

const KNOWN_NAMES = ['HOME', 'LANG', 'PATH', 'PWD', 'OLDPWD', 'TMPDIR', 'USER', 'SHLVL', '_', 'LC_CTYPE'];

export const PROBES: readonly Probe[] = [...network, ...files, ...identity, ...namespaces];
