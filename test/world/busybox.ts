/** One static program that is a whole small system; the test images are made of it, so that none needs a registry. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { messageOf } from '../../src/failure.ts';
import { find } from './private-engine.ts';

export async function staticBusybox(docker: Docker): Promise<Buffer> {
  const { Architecture } = await docker.info();
  const isOurs = process.platform === 'linux' && namesOf(process.arch).includes(Architecture);
  const local = isOurs ? (fromPath() ?? fromDebian()) : undefined;
  return local ?? (await fromRegistry(docker));
}

function namesOf(arch: string): string[] {
  const names: Record<string, string[]> = { x64: ['x86_64', 'amd64'], arm64: ['aarch64', 'arm64'] };
  return names[arch] ?? [];
}

function fromPath(): Buffer | undefined {
  const path = find('busybox');
  return path === undefined ? undefined : onlyIfStatic(readFileSync(path));
}

/** Fetched and unpacked, not installed: the machine stays as it is. */
function fromDebian(): Buffer | undefined {
  if (!find('apt-get') || !find('dpkg-deb')) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'katabot-busybox-'));
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { cwd: folder }).status === 0;
  try {
    const download = () => run('apt-get', '-qq', 'download', 'busybox-static');
    if (!download() && !(run('apt-get', '-qq', 'update') && download())) return undefined;
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (!archive || !run('dpkg-deb', '-x', archive, 'unpacked')) return undefined;
    const path = ['usr/bin/busybox', 'bin/busybox']
      .map((each) => join(folder, 'unpacked', each))
      .find(existsSync);
    return path === undefined ? undefined : onlyIfStatic(readFileSync(path));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PUBLISHED = 'busybox:musl';

/** For an engine on a Mac, or of another architecture than this machine's. */
async function fromRegistry(docker: Docker): Promise<Buffer> {
  try {
    await pullUnlessPresent(docker);
    const container = await docker.createContainer({ Image: PUBLISHED });
    try {
      return await onlyFile(await container.getArchive({ path: '/bin/busybox' }));
    } finally {
      await container.remove();
    }
  } catch (error) {
    throw new Error(
      'The test images are made of a static busybox, and none could be had: there is none in PATH, apt-get could not ' +
        `download busybox-static, and the registry did not give ${PUBLISHED} (${messageOf(error)}). ` +
        'Install it, on Debian and Ubuntu with "apt-get install busybox-static", and start again.',
      { cause: error },
    );
  }
}

async function pullUnlessPresent(docker: Docker): Promise<void> {
  const present = await docker.listImages({ filters: { reference: [PUBLISHED] } });
  if (present.length > 0) return;
  const progress = await docker.pull(PUBLISHED);
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
}

async function onlyFile(archive: NodeJS.ReadableStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const entry of archive.pipe(extract())) parts.push(await buffer(entry));
  const program = onlyIfStatic(Buffer.concat(parts));
  if (!program) throw new Error('its program is not static');
  return program;
}

const PROGRAM_HEADERS_OFFSET = 32;
const PROGRAM_HEADER_SIZE_OFFSET = 54;
const PROGRAM_HEADER_COUNT_OFFSET = 56;
const NEEDS_AN_INTERPRETER = 3;

/** An ELF file of 64 bits, little endian, that names no loader: it runs in an image that holds nothing else. */
function onlyIfStatic(file: Buffer): Buffer | undefined {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    return undefined;
  const start = Number(file.readBigUInt64LE(PROGRAM_HEADERS_OFFSET));
  const size = file.readUInt16LE(PROGRAM_HEADER_SIZE_OFFSET);
  for (let index = 0; index < file.readUInt16LE(PROGRAM_HEADER_COUNT_OFFSET); index += 1) {
    if (file.readUInt32LE(start + index * size) === NEEDS_AN_INTERPRETER) return undefined;
  }
  return file;
}
