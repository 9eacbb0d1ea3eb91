/** A real sshd on loopback that lets in one key and shows another. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { canRunPrivateEngine, installPackages } from './private-engine.ts';

const ADDRESS = '127.0.0.1';
const SSHD = '/usr/sbin/sshd';

/** Debian and Ubuntu package it; elsewhere, or without the right to install it, there is no server to ask. */
export const canRunSshd = existsSync(SSHD) || canRunPrivateEngine();

export interface Sshd {
  /** Such as `127.0.0.1:40022`. */
  readonly address: string;
  /** Type and key of a pair in the folder, without the comment. */
  publicKey(name: string): Promise<string>;
  /** Ends it with every connection. */
  stop(): Promise<void>;
  /** Listens at the same address again. */
  start(): Promise<void>;
}

/** Makes the pairs `server`, `other-server`, `deploy` and `stranger` in the folder; it shows the first and lets in the third. */
export async function startSshd(folder: string): Promise<Sshd> {
  if (!existsSync(SSHD)) installPackages(['openssh-server']);
  for (const name of ['server', 'other-server', 'deploy', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  const port = await freePort();
  const settings = [
    `ListenAddress ${ADDRESS}:${port}`,
    `HostKey ${join(folder, 'server')}`,
    `AuthorizedKeysFile ${join(folder, 'deploy.pub')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
  ];
  const file = join(folder, 'sshd_config');
  await writeFile(file, `${settings.join('\n')}\n`);
  await mkdir('/run/sshd', { recursive: true }); // where it locks itself up
  let sshd = await launch(file);
  return {
    address: `${ADDRESS}:${port}`,
    publicKey: async (name) =>
      (await readFile(join(folder, `${name}.pub`), 'utf8')).split(' ').slice(0, 2).join(' '),
    async stop() {
      for (const pid of childrenOf(sshd.pid ?? 0)) process.kill(pid, 'SIGTERM');
      if (sshd.exitCode !== null || sshd.signalCode !== null) return;
      const exit = once(sshd, 'exit');
      sshd.kill('SIGTERM');
      await exit;
    },
    async start() {
      sshd = await launch(file);
    },
  };
}

function launch(file: string): Promise<ChildProcess> {
  const sshd = spawn(SSHD, ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((listens, fails) => {
    let said = '';
    sshd.once('exit', () => fails(new Error(said)));
    sshd.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Server listening')) listens(sshd);
    });
  });
}

/** A connection is a process of its own, and outlives the server. */
function childrenOf(pid: number): number[] {
  try {
    const text = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return []; // it has none
  }
}

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, ADDRESS, () => {
      const place = server.address();
      server.close(() => resolve(typeof place === 'object' && place ? place.port : 0));
    });
  });
}
