/** A watched repository behind a real sshd on loopback: a deploy key, a server whose key is known, and nothing else. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { type AppInTest, commitFiles, eventually, git, startApp } from '../../world/bot.ts';
import { groupText } from '../../world/groups.ts';
import { createMemoryEngine } from '../../world/memory-engine.ts';
import { canRunPrivateEngine, installPackages } from '../../world/private-engine.ts';

const ADDRESS = '127.0.0.1';
const SSHD = '/usr/sbin/sshd';

// Debian and Ubuntu package it; elsewhere, or without the right to install it, there is no server to ask.
const withServer = existsSync(SSHD) || canRunPrivateEngine() ? test : test.skip;

let root: string;
let sshd: ChildProcess;
let app: AppInTest;

beforeAll(async () => {
  if (withServer !== test) return;
  if (!existsSync(SSHD)) installPackages(['openssh-server']);
  root = await mkdtemp(join(tmpdir(), 'katabot-ssh-'));
  await commitFiles(join(root, 'work'), { 'containergroup.yaml': groupText({ name: 'shop' }) });
  await git(root, 'clone', '--quiet', '--bare', 'work', 'shop.git');
  for (const name of ['server', 'other-server', 'deploy', 'stranger']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, name)]);
  }
  const port = await startServer();
  const url = `ssh://${userInfo().username}@${ADDRESS}:${port}${root}/shop.git`;
  const watched = async (name: string, key: string, server: string) => ({
    name,
    url,
    keyFile: join(root, key),
    hostKey: await publicKey(server),
  });
  app = await startApp({
    settings: {
      watch: [
        await watched('shop', 'deploy', 'server'),
        await watched('moved', 'deploy', 'other-server'),
        await watched('strange', 'stranger', 'server'),
      ],
    },
    parts: { engine: () => createMemoryEngine(systemClock, ['katabot/busybox:1']) },
  });
}, 120_000);

afterAll(async () => {
  if (withServer !== test) return;
  await app.stop();
  if (sshd.exitCode === null) {
    sshd.kill('SIGTERM');
    await once(sshd, 'exit');
  }
  await rm(root, { recursive: true, force: true });
});

/** Type and key, without the comment. */
async function publicKey(name: string): Promise<string> {
  return (await readFile(join(root, `${name}.pub`), 'utf8')).split(' ').slice(0, 2).join(' ');
}

async function startServer(): Promise<number> {
  const port = await freePort();
  const settings = [
    `ListenAddress ${ADDRESS}:${port}`,
    `HostKey ${join(root, 'server')}`,
    `AuthorizedKeysFile ${join(root, 'deploy.pub')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
  ];
  await writeFile(join(root, 'sshd_config'), `${settings.join('\n')}\n`);
  await mkdir('/run/sshd', { recursive: true }); // where it locks itself up
  sshd = spawn(SSHD, ['-D', '-e', '-f', join(root, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((listens, fails) => {
    let said = '';
    sshd.once('exit', () => fails(new Error(said)));
    sshd.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Server listening')) listens();
    });
  });
  return port;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, ADDRESS, () => {
      const place = server.address();
      server.close(() => resolve(typeof place === 'object' && place ? place.port : 0));
    });
  });
}

async function doctor(name: string): Promise<string> {
  await app.app.watch.poke(name);
  const { findings } = Object(await app.run('doctor')).data;
  const told = findings.filter((each: { name: string }) => each.name === 'watch');
  return told.map(({ text }: { text: string }) => text).join('\n');
}

withServer('is deployed with the key that the settings name', async () => {
  await eventually(async () => expect(await doctor('shop')).toMatch(/^shop main: at [0-9a-f]{7}$/m));
  expect(await app.run('status', 'shop')).toMatchObject({ data: { repository: 'shop', state: 'Running' } });
});

withServer('is not spoken to when the server shows another key', async () => {
  await eventually(async () =>
    expect(await doctor('moved')).toMatch(/^moved.*shows another key than watch\[\]\.hostKey/m),
  );
  expect(await app.app.store.branches.all('moved')).toEqual(new Map());
});

withServer('whose server does not take the key says so', async () => {
  await eventually(async () =>
    expect(await doctor('strange')).toMatch(/^strange.*does not take the key of watch\[\]\.keyFile/m),
  );
});
