/** Debian's pebble: an authority that speaks ACME as Let's Encrypt does, and forgets everything when it ends. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './bot.ts';
import { createAuthority, signed } from './certificates.ts';
import { ended, freePort, needPrograms } from './name-servers.ts';

export interface Pebble {
  /** Where it is spoken to. */
  readonly directory: string;
  /** Who signed the certificate of the directory itself. */
  readonly caFile: string;
  /** Whom to trust for what it gives. */
  root(): Promise<string>;
  /** What it has said so far. */
  said(): string;
  stop(): Promise<void>;
}

/** It asks `dns` for names, and looks for tokens at `httpPort`. */
export async function startPebble(host: string, dns: string, httpPort: number): Promise<Pebble> {
  needPrograms('pebble');
  const folder = await mkdtemp(join(tmpdir(), 'katabot-pebble-'));
  const authority = createAuthority(folder, 'directory-authority');
  const { cert, key } = signed(folder, 'directory', authority, host);
  const [port, managementPort] = [await freePort(host), await freePort(host)];
  const config = join(folder, 'pebble.json');
  const pebble = {
    listenAddress: `${host}:${port}`,
    managementListenAddress: `${host}:${managementPort}`,
    certificate: cert,
    privateKey: key,
    httpPort,
    tlsPort: 1,
  };
  await writeFile(config, JSON.stringify({ pebble }));
  const child = spawn('pebble', ['-config', config, '-dnsserver', dns, '-strict'], {
    env: { PATH: process.env['PATH'], PEBBLE_VA_NOSLEEP: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      said = `${said}${part}`.slice(-50_000);
    });
  const ca = await readFile(authority.cert, 'utf8');
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  const root = () => textAt(`https://${host}:${managementPort}/roots/0`, ca);
  try {
    await eventually(root, 15_000);
  } catch (error) {
    await stop();
    throw new Error(`pebble does not answer: ${said}`, { cause: error });
  }
  return { directory: `https://${host}:${port}/dir`, caFile: authority.cert, root, said: () => said, stop };
}

function textAt(url: string, ca: string): Promise<string> {
  return new Promise((done, reject) => {
    get(url, { ca, agent: false }, (response) => {
      Array.fromAsync(response).then((parts) => done(String(Buffer.concat(parts))), reject);
    }).on('error', reject);
  });
}
