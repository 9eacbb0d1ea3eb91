/** The images that tests, demo and bench run, imported into the engine byte by byte: no build, no registry. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { staticBusybox } from './busybox.ts';
import { UDP_ECHO, udpEcho } from './udp-echo.ts';

/** Two versions of the page, told apart by colour and words, and the bare system. */
export const TEST_IMAGES = ['katabot/hello:1', 'katabot/hello:2', 'katabot/busybox:1'] as const;

export async function buildImages(docker: Docker): Promise<void> {
  const missing: Image[] = [];
  for (const image of images()) {
    if (!(await isPresent(docker, image))) missing.push(image);
  }
  if (missing.length === 0) return;
  const busybox = await staticBusybox(docker);
  await Promise.all(missing.map((image) => importImage(docker, image, busybox)));
}

interface Image {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Changes with everything that this file decides about the image. */
  readonly fingerprint: string;
}

const CONTENT_LABEL = 'katabot.test-image';

/**
 * The group's name is the hostname, and known at start only. The first process of a container hears SIGTERM
 * only when it asks to, and a shell hears it only while it waits.
 */
const SERVE = [
  `trap 'exit 0' TERM`,
  'sed "s/@group@/$(hostname)/g" /etc/hello.html > /www/index.html',
  'httpd -f -p 80 -h /www &',
  'echo "listening on :80"',
  'wait $!',
].join('\n');

function images(): Image[] {
  return [
    image('katabot/hello:1', ['sh', '-c', SERVE], { 'etc/hello.html': page(FIRST) }),
    image('katabot/hello:2', ['sh', '-c', SERVE], { 'etc/hello.html': page(SECOND) }),
    image('katabot/busybox:1', ['sh'], {}),
  ];
}

function image(name: string, command: string[], files: Record<string, string>): Image {
  const parts = JSON.stringify([name, command, files, SYSTEM_FILES, FOLDERS, APPLETS, UDP_ECHO]);
  return { name, command, files, fingerprint: createHash('sha256').update(parts).digest('hex') };
}

const FIRST = {
  title: 'It runs.',
  words: 'Pushed, checked, started, and on the meter.',
  hue: '212',
  version: '1',
};
const SECOND = {
  title: 'Still running.',
  words: 'A new image took over while you looked.',
  hue: '158',
  version: '2',
};

function page(values: Record<string, string>): string {
  const template = readFileSync(resolve(import.meta.dirname, 'hello.html'), 'utf8');
  return template.replace(/@(title|words|version)@/g, (_, key: string) => values[key] ?? '');
}

async function isPresent(docker: Docker, { name, fingerprint }: Image): Promise<boolean> {
  try {
    const { Config } = await docker.getImage(name).inspect();
    return Config.Labels?.[CONTENT_LABEL] === fingerprint;
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return false;
    throw error;
  }
}

async function importImage(docker: Docker, image: Image, busybox: Buffer): Promise<void> {
  const [repo = '', tag = ''] = image.name.split(':');
  const changes = [
    `CMD ${JSON.stringify(image.command)}`,
    'ENV PATH=/bin',
    `LABEL ${CONTENT_LABEL}=${image.fingerprint}`,
  ];
  const progress = await docker.importImage(Readable.from([await archiveOf(image, busybox)]), {
    repo,
    tag,
    changes,
  });
  await new Promise<void>((done, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : done()));
  });
}

const SYSTEM_FILES = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
};

/** Also where the engine mounts something: in a container whose root is read-only it cannot make them. */
const FOLDERS = { bin: 0o755, dev: 0o755, etc: 0o755, proc: 0o755, root: 0o700, run: 0o755, sys: 0o755 };

/** What scripts in tests and templates call; a list, so that an image is the same whatever busybox it was made of. */
const APPLETS =
  'awk base64 basename cat chmod chown cp cut date dd df dirname echo env expr false find free grep gunzip gzip head ' +
  'hostname httpd id ip kill ln ls md5sum mkdir mkfifo mktemp mount mv nc netstat nproc nslookup od ping printf ps pwd ' +
  'readlink rm rmdir sed seq sh sha256sum sleep sort stat sync tail tar tee test timeout top touch tr true umount ' +
  'uname uniq uptime vi wc wget whoami xargs yes';

async function archiveOf(image: Image, busybox: Buffer): Promise<Buffer> {
  const archive = pack();
  const mtime = new Date(0);
  for (const [name, mode] of Object.entries(FOLDERS)) archive.entry({ name, type: 'directory', mode, mtime });
  archive.entry({ name: 'tmp', type: 'directory', mode: 0o1777, mtime });
  archive.entry({ name: 'www', type: 'directory', mode: 0o755, mtime });
  archive.entry({ name: 'bin/busybox', mode: 0o755, mtime }, busybox);
  archive.entry({ name: 'bin/udp-echo', mode: 0o755, mtime }, udpEcho(busybox));
  for (const applet of APPLETS.split(' ')) {
    archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox', mtime });
  }
  for (const [name, text] of Object.entries({ ...SYSTEM_FILES, ...image.files })) {
    archive.entry({ name, mode: 0o644, mtime }, text);
  }
  archive.finalize();
  return buffer(archive);
}
