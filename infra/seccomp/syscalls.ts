/** Numbers of a system call on x64 and arm64; undefined where an architecture never had it. */
type Numbers = readonly [x64: number, arm64: number | undefined];

/** Answered with EPERM, whatever the arguments. @see asm/unistd_64.h and asm-generic/unistd.h of Linux */
export const DENIED: Readonly<Record<string, Numbers>> = {
  // Looks into or steers other processes.
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  process_madvise: [440, 440],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  // Mounts, and whatever leads around them.
  chroot: [161, 51],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  pivot_root: [155, 41],
  setns: [308, 268],
  umount2: [166, 39],
  // Wide entrances into the kernel that no build or test needs.
  add_key: [248, 217],
  bpf: [321, 280],
  fanotify_init: [300, 262],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  perf_event_open: [298, 241],
  request_key: [249, 218],
  userfaultfd: [323, 282],
  uselib: [134, undefined],
  // The machine's own affairs.
  acct: [163, 89],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  delete_module: [176, 106],
  finit_module: [313, 273],
  init_module: [175, 105],
  ioperm: [173, undefined],
  iopl: [172, undefined],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  settimeofday: [164, 170],
  swapoff: [168, 225],
  swapon: [167, 224],
  syslog: [103, 116],
  vhangup: [153, 58],
};

/** Judged by their arguments. */
export const JUDGED = {
  clone: [56, 220],
  clone3: [435, 435],
  unshare: [272, 97],
  socket: [41, 198],
  ioctl: [16, 29],
} as const satisfies Record<string, Numbers>;
