import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { packageFile } from '../../package.ts';

/**
 * The image of the container that owns a group's network: one static program that only waits, one that looks around
 * (source: look/look.c), one that connects to a port from inside that network (dial/dial.c), and one that mounts file shares
 * (share/share.c). It is made here, because a bot that needs a registry for its own parts cannot start without one.
 */
export async function ensureSandboxImage(docker: Docker, architecture: string): Promise<string> {
  const name = `katabot/sandbox:${architectureName(architecture)}-6`;
  const present = await docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      (error: { statusCode?: number }) => {
        if (error.statusCode === 404) return false;
        throw error;
      },
    );
  if (present) return name;
  const archive = pack();
  archive.entry({ name: 'wait', mode: 0o555 }, Buffer.from(waitingProgram(architecture)));
  archive.entry({ name: 'look', mode: 0o555 }, await ownProgram('look', architecture));
  archive.entry({ name: 'share', mode: 0o555 }, await ownProgram('share', architecture));
  archive.entry({ name: DIAL_PATH.slice(1), mode: 0o555 }, await ownProgram('dial', architecture));
  for (const name of SCRATCH_FOLDERS) archive.entry({ name, type: 'directory', mode: 0o777 });
  archive.finalize();
  const [repo, tag] = name.split(':');
  const progress = await docker.importImage(Readable.from(archive), {
    repo,
    tag,
    changes: 'ENTRYPOINT ["/wait"]',
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
  return name;
}

/**
 * Where the sandbox has scratch volumes: the engine gives an empty volume the rights of the folder that it is mounted over
 * first, so that every user of a group may write, as in Kubernetes. As many as a group may have volumes.
 */
export const SCRATCH_FOLDERS = Array.from({ length: 20 }, (_, index) => `scratch/${index}`);

/** Where the sandbox has the program that connects. */
export const DIAL_PATH = '/dial';

function ownProgram(name: 'look' | 'dial' | 'share', architecture: string): Promise<Buffer> {
  return readFile(packageFile('src/engines/docker', name, architectureName(architecture)));
}

function architectureName(architecture: string): 'x86_64' | 'aarch64' {
  if (architecture === 'x86_64' || architecture === 'amd64') return 'x86_64';
  if (architecture === 'aarch64' || architecture === 'arm64') return 'aarch64';
  throw new Error(`no sandbox program for the architecture ${architecture}`);
}

/** A whole ELF file for Linux: header, one loadable segment, and a loop around a system call that sleeps. */
export function waitingProgram(architecture: string): Uint8Array {
  return architectureName(architecture) === 'x86_64'
    ? elf({ machine: 62, code: X86_64_WAIT, alignment: 0x1000 })
    : elf({ machine: 183, code: AARCH64_WAIT, alignment: 0x10000 });
}

const X86_64_WAIT = Uint8Array.of(
  0xb8,
  0x22,
  0,
  0,
  0, // mov eax, 34 (pause)
  0x0f,
  0x05, // syscall
  0xeb,
  0xf7, // and again
);

const AARCH64_WAIT = words(
  0xd2800000, // mov x0, 0
  0xd2800001, // mov x1, 0
  0xd2800002, // mov x2, 0
  0xd2800003, // mov x3, 0
  0xd2800928, // mov x8, 73 (ppoll: there is no pause on this architecture)
  0xd4000001, // svc 0
  0x17fffffa, // and again
);

function words(...instructions: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(instructions).buffer);
}

const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const LOAD_ADDRESS = 0x400000n;

function elf({
  machine,
  code,
  alignment,
}: {
  machine: number;
  code: Uint8Array;
  alignment: number;
}): Uint8Array {
  const start = FILE_HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const bytes = new Uint8Array(start + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0); // 64 bits, little endian, version 1
  view.setUint16(16, 2, true); // an executable
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, LOAD_ADDRESS + BigInt(start), true); // where it begins
  view.setBigUint64(32, BigInt(FILE_HEADER_BYTES), true); // where the program header stands
  view.setUint16(52, FILE_HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // load
  view.setUint32(68, 5, true); // read and execute
  view.setBigUint64(80, LOAD_ADDRESS, true);
  view.setBigUint64(88, LOAD_ADDRESS, true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, BigInt(alignment), true);
  bytes.set(code, start);
  return bytes;
}
