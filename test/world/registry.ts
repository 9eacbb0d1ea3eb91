/** Debian's own registry, which wants a password: in plain HTTP, or in TLS. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Certificate } from './certificates.ts';
import { ended, freePort, needPrograms } from './name-servers.ts';

export const READER = { username: 'reader', password: 'pull-me-please' } as const;
/** What `htpasswd -nbB reader pull-me-please` prints. */
const LOGIN = 'reader:$2y$05$JJPvAUGzzlWQBtBYDrYezeiWbKJG94dE8i8GeJ2RfolvGvxDBI.d2';

export interface Registry {
  /** `address:port`, as an image begins. */
  readonly host: string;
  stop(): Promise<void>;
}

export interface RegistryWishes {
  readonly address: string;
  /** Any that is free without it. */
  readonly port?: number;
  /** Registries of one folder have the same images. */
  readonly folder: string;
  /** Without it, it speaks plain HTTP. `clients` is the authority of those who may ask at all. */
  readonly tls?: Certificate & { readonly clients?: string };
  /** Words that lead into another network namespace. */
  readonly inside?: readonly string[];
}

/** Resolves when it listens. */
export async function startRegistry({
  address,
  port,
  folder,
  tls,
  inside = [],
}: RegistryWishes): Promise<Registry> {
  needPrograms('docker-registry');
  const host = `${address}:${port ?? (await freePort(address))}`;
  const passwords = join(folder, 'htpasswd');
  const file = join(folder, `${host.replace(':', '-')}.json`);
  const clients = tls?.clients === undefined ? {} : { clientcas: [tls.clients] };
  await writeFile(passwords, `${LOGIN}\n`);
  const settings = {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: host, ...(tls ? { tls: { certificate: tls.cert, key: tls.key, ...clients } } : {}) },
    auth: { htpasswd: { realm: 'tests', path: passwords } },
  };
  await writeFile(file, JSON.stringify(settings)); // which is YAML, too
  const [program = '', ...words] = [...inside, 'docker-registry', 'serve', file];
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-4_000);
    if (said.includes('listening on')) resolve();
  });
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`docker-registry ended: ${said}`)));
  await promise;
  return { host, stop: () => ended(child) };
}

/**
 * Puts an image of the engine's into a registry under another name, such as `127.0.0.1:5000/acme/web:1`, and takes that off the
 * engine. Gives the digest that it has there.
 */
export async function pushImage(docker: Docker, image: string, name: string): Promise<string> {
  const [, repo = '', tag = ''] = /^(.*):([^:]+)$/.exec(name) ?? [];
  await docker.getImage(image).tag({ repo, tag });
  const serveraddress = name.slice(0, name.indexOf('/'));
  const progress = await docker.getImage(name).push({ authconfig: { ...READER, serveraddress } });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  docker.modem.followProgress(progress, (error, events) => {
    const digest = events?.find(({ aux }) => aux?.Digest)?.aux.Digest;
    if (digest) resolve(digest);
    else reject(error ?? new Error(`${name} is not pushed: ${events?.find((event) => event.error)?.error}`));
  });
  const digest = await promise;
  await docker.getImage(name).remove();
  return digest;
}

/**
 * The image `NAME:1` once more under another tag: as a list that has it for this platform only, which is what a multi-platform
 * build without the host's leaves. Asked over plain HTTP.
 */
export async function listFor(
  host: string,
  name: string,
  tag: string,
  platform: { readonly os: string; readonly architecture: string; readonly 'os.version'?: string },
): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${READER.username}:${READER.password}`).toString('base64')}`;
  const at = (each: string) => `http://${host}/v2/${name}/manifests/${each}`;
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const found = await fetch(at('1'), { headers: { authorization, accept: mediaType } });
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const manifest = {
    mediaType,
    size: Buffer.byteLength(await found.text()),
    digest: found.headers.get('docker-content-digest'),
    platform,
  };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: list, manifests: [manifest] });
  const put = await fetch(at(tag), {
    method: 'PUT',
    headers: { authorization, 'content-type': list },
    body,
  });
  if (put.status !== 201) throw new Error(`${put.status} ${await put.text()}`);
}

/** A processor that a host has not, as images spell it. */
export function otherThan(processor: string): string {
  return processor === 'x86_64' ? 'arm64' : 'amd64';
}
