/** A watched repository behind a real sshd on loopback: a deploy key, a server whose key is known, and nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { type AppInTest, commitFiles, eventually, git, startApp } from '../../world/bot.ts';
import { groupText } from '../../world/groups.ts';
import { createMemoryEngine } from '../../world/memory-engine.ts';
import { canRunSshd, type Sshd, startSshd } from '../../world/sshd.ts';

const withServer = canRunSshd ? test : test.skip;

let root: string;
let sshd: Sshd;
let app: AppInTest;

beforeAll(async () => {
  if (withServer !== test) return;
  root = await mkdtemp(join(tmpdir(), 'katabot-ssh-'));
  await commitFiles(join(root, 'work'), { 'containergroup.yaml': groupText({ name: 'shop' }) });
  await git(root, 'clone', '--quiet', '--bare', 'work', 'shop.git');
  sshd = await startSshd(root);
  const url = `ssh://${userInfo().username}@${sshd.address}${root}/shop.git`;
  const watched = async (name: string, key: string, server: string) => ({
    name,
    url,
    keyFile: join(root, key),
    hostKey: await sshd.publicKey(server),
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
  await sshd.stop();
  await rm(root, { recursive: true, force: true });
});

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
