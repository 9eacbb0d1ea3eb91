import type { Isolation, Receipt, Tee } from '../index.ts';

// Pure: what was seen of a group from outside and from inside, and what that proves.

/** What the guest is asked for: files of its own kernel, read by the bot's own program. */
export const GUEST_FILES = {
  version: '/proc/version',
  boot: '/proc/sys/kernel/random/boot_id',
  interfaces: '/proc/net/dev',
} as const;

/** What a guest showed of itself; '' for what it did not show. */
export interface GuestView {
  readonly kernel: string;
  /** The whole sentence of the kernel about itself. */
  readonly version: string;
  /** The same for everything that runs under one kernel since it was started. */
  readonly boot: string;
  /** Network interfaces besides `lo`. */
  readonly interfaces: readonly string[];
}

/** Reads what the program `look` has printed. */
export function guestFrom(lines: readonly string[]): GuestView {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const [, file] = /^== (\S+)$/.exec(line) ?? [];
    if (file === undefined) current.push(line);
    else {
      current = [];
      found.set(file, current);
    }
  }
  const first = (file: string) => found.get(file)?.[0]?.trim() ?? '';
  const interfaces = (found.get(GUEST_FILES.interfaces) ?? []).flatMap((line) => {
    const [, name] = /^\s*([^\s:|]+):/.exec(line) ?? [];
    return name === undefined || name === 'lo' ? [] : [name];
  });
  const version = first(GUEST_FILES.version);
  return {
    kernel: /^Linux version (\S+)/.exec(version)?.[1] ?? '',
    version,
    boot: first(GUEST_FILES.boot),
    interfaces,
  };
}

/** What was seen of one sandbox. */
export interface Sighting {
  readonly sandboxId: string;
  /** The host's own kernel, as its engine tells it. */
  readonly hostKernel: string;
  /** Command lines of the processes that the host sees of the sandbox. */
  readonly processes: readonly string[];
  /** One look from inside for each container that was asked. */
  readonly guests: readonly GuestView[];
  /** What has to keep the machine's memory from the host; absent where nothing has to. */
  readonly tee?: Tee | undefined;
  /** Boots that were seen in other sandboxes of the host. */
  readonly otherBoots: ReadonlySet<string>;
}

const MONITORS: Readonly<Record<string, string>> = {
  'cloud-hypervisor': 'Cloud Hypervisor',
  firecracker: 'Firecracker',
};

/** gVisor's kernel says this of itself in every release; no real kernel does. */
const GVISOR = /#1 SMP Sun Jan 10 15:06:54 PST 2016/;

/**
 * How well a sandbox is isolated, and what was seen of it. Fails closed: what does not prove a level is none. It proves
 * nothing against whoever owns the host; it does find a runtime that is not what its name says, a processor that is only
 * emulated, and groups that share a virtual machine.
 */
export function judge(sighting: Sighting): Receipt {
  const { hostKernel, guests } = sighting;
  const [guest] = guests;
  if (!guest?.kernel) return receipt('none', 'nothing could be seen from inside');
  if (guests.some(({ version }) => GVISOR.test(version))) return gvisor(sighting);
  if (guests.some(({ kernel }) => kernel === hostKernel))
    return receipt('none', `its programs run on the host’s own kernel ${hostKernel}`);
  return virtualMachine(sighting, guest);
}

function gvisor({ guests, hostKernel }: Sighting): Receipt {
  const all = guests.every(({ version, kernel }) => GVISOR.test(version) && kernel !== hostKernel);
  if (!all) return receipt('none', 'only some of its programs run in gVisor');
  return receipt(
    'sandbox',
    `gVisor’s kernel ${guests[0]?.kernel ?? ''} between its programs and the host’s ${hostKernel}`,
  );
}

function virtualMachine(sighting: Sighting, guest: GuestView): Receipt {
  const { hostKernel, guests, otherBoots, processes } = sighting;
  const own = `a kernel ${guest.kernel} that is not the host’s ${hostKernel}`;
  const monitor = monitorOf(sighting);
  if ('missing' in monitor) return receipt('none', `${own}, but ${monitor.missing}`);
  if (processes.length !== 1)
    return receipt('none', `${own}, but the host sees ${processes.length} processes of it, not one machine`);
  if (guests.some(({ boot }) => !boot || boot !== guest.boot))
    return receipt('none', `${own}, but its containers are not in one virtual machine`);
  if (otherBoots.has(guest.boot))
    return receipt('none', `${own}, but another group runs in the same virtual machine`);
  const { tee } = sighting;
  if (tee && !isEncrypted(processes[0] ?? '', tee))
    return receipt(
      'none',
      `${own}, but ${monitor.name} was not told to keep its memory from the host (${tee})`,
    );
  const kept = tee ? `, its memory kept from the host (${tee})` : '';
  return receipt('hypervisor', `${monitor.name} with KVM for this group alone, ${own}${kept}`);
}

/** What QEMU is told: an object that stands for the processor's keys, and that the machine uses one. */
const TEE_OBJECTS: Readonly<Record<Tee, RegExp>> = { 'sev-snp': /\bsev-snp-guest\b/, tdx: /\btdx-guest\b/ };

function isEncrypted(line: string, tee: Tee): boolean {
  return TEE_OBJECTS[tee].test(line) && /\bconfidential-guest-support=/.test(line);
}

/** The virtual machine monitor that the host sees, or what is missing of one. */
function monitorOf({
  processes: [line = ''],
  sandboxId,
}: Sighting): { readonly name: string } | { readonly missing: string } {
  const words = line.trim().split(/\s+/);
  const program = words[0]?.slice(words[0].lastIndexOf('/') + 1) ?? '';
  const name = program.startsWith('qemu-system-') ? 'QEMU' : MONITORS[program];
  if (!name) return { missing: 'the host sees no virtual machine monitor' };
  if (!line.includes(sandboxId)) return { missing: `the host sees a ${name} of somebody else` };
  // Cloud Hypervisor and Firecracker know nothing else than KVM; QEMU emulates where it is not told to use it.
  if (name === 'QEMU' && !/\baccel=kvm\b|-enable-kvm\b/.test(line))
    return { missing: 'QEMU emulates the processor, without KVM' };
  return { name };
}

function receipt(level: Isolation, saw: string): Receipt {
  return { level, saw };
}
