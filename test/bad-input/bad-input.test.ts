/** Everything that people and machines get wrong, once each: one clear answer, nothing lost, nothing half done. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';

const LOCATION = { isolation: 'none', addresses: '127.22.128.0/18', networks: '198.18.160.0/19' };
const SETTINGS = {
  instance: 'test-bad',
  locations: { local: LOCATION, vault: { ...LOCATION, addresses: '127.40.0.0/24', isolation: 'hypervisor' } },
};
const dockerHost = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
const docker = connect(dockerHost);

let bot: AppInTest;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'katabot-bad-'));
  bot = await startApp({ settings: SETTINGS });
});

afterAll(async () => {
  await removeAll(bot);
  await bot.stop();
  await rm(root, { recursive: true, force: true });
});

async function removeAll({ app }: AppInTest): Promise<void> {
  for (const { key } of await app.store.desired.list()) {
    await app.store.desired.unwish(key, 'test');
    app.reconciler.wake(key);
  }
  await eventually(async () => expect(await app.store.desired.list()).toEqual([]), 60_000);
}

let count = 0;
/** Pushes one document as a repository of its own (or as the one named), and gives what git said. */
async function push(text: string, { app = bot, repository = `bad-${++count}` } = {}) {
  await commitFiles(join(root, repository), { 'containergroup.yaml': text });
  return { repository, ...(await app.push(join(root, repository), { repository })) };
}

const wishes = async () => (await bot.app.store.desired.list()).length;

describe('a push is refused before anything is changed', () => {
  test.each([
    ['YAML that is none', 'name: [shop\n', /containergroup\.yaml:\d+:\d+ error yaml-syntax/],
    [
      'a location that does not exist',
      groupText({ name: 'nowhere' }).replace('location: local', 'location: moon'),
      /containergroup\.yaml:3:\d+ error location-unknown[\s\S]*Write one of: local, vault/,
    ],
    [
      'more memory than the host has',
      groupText({ name: 'huge', memoryInGB: '230' }),
      /error ServiceUnavailable[\s\S]*The group asks for 230 GB of memory/,
    ],
    [
      'more processors than the host has',
      groupText({ name: 'wide' }).replace('cpu: 0.1', 'cpu: 31'),
      /error ServiceUnavailable[\s\S]*31 vCPU/,
    ],
    [
      'an isolation that is not shown to be there',
      groupText({ name: 'safe' }).replace('location: local', 'location: vault'),
      /error isolation-unavailable[\s\S]*requires hypervisor isolation, and its engine shows none/,
    ],
    [
      'something that the engine cannot do',
      groupText({ name: 'rights', container: ['securityContext: {privileged: true}'] }),
      /error not-supported-here[\s\S]*a privileged container would have every right over the host’s own kernel/,
    ],
  ])('%s', async (_what, text, said) => {
    const before = await wishes();
    const { code, text: answer } = await push(text);
    expect(code).not.toBe(0);
    expect(answer).toMatch(said);
    expect(answer).toContain('[remote rejected]');
    expect(answer).not.toMatch(/\s+at .*\.ts:\d+/);
    expect(await wishes()).toBe(before);
  });

  test('a spec of 2 MiB, with its size', async () => {
    const { code, text } = await push(`${groupText({ name: 'large' })}# ${'x'.repeat(2 * 1_048_576)}\n`);
    expect(code).not.toBe(0);
    expect(text).toMatch(
      /containergroup\.yaml has 2,097,\d{3} bytes; a container group may have 1,048,576 \(1 MiB\)/,
    );
  });

  test('a name that another repository’s group has, and a label that another group has', async () => {
    await push(groupText({ name: 'taken', label: 'takenlabel' }), { repository: 'first-come' });
    const twin = await push(groupText({ name: 'taken' }));
    expect(twin.text).toMatch(/error group-taken[\s\S]*belongs to the repository first-come/);
    const label = await push(groupText({ name: 'other', label: 'takenlabel' }));
    expect(label.text).toMatch(
      /error DnsNameLabelAlreadyTaken[\s\S]*takenlabel\.local\.localhost is taken by the group production\/taken/,
    );
  });

  test('two files that define one group', async () => {
    const folder = join(root, 'twins');
    await commitFiles(folder, {
      'a/containergroup.yaml': groupText({ name: 'twin' }),
      'b/containergroup.yaml': groupText({ name: 'twin' }),
    });
    const { code, text } = await bot.push(folder, { repository: 'twins' });
    expect(code).not.toBe(0);
    expect(text).toMatch(
      /b\/containergroup\.yaml:2:\d+ error group-twice[\s\S]*already defined in a\/containergroup\.yaml/,
    );
  });
});

describe('a deploy fails with its cause', () => {
  test('an image that does not exist; what ran before keeps serving', async () => {
    const { repository } = await push(groupText({ name: 'image' }));
    const { code, text } = await push(groupText({ name: 'image', image: '127.0.0.1:1/acme/nothing:1' }), {
      repository,
    });
    expect(code).toBe(0); // the ref has moved; the wish stays and is tried again
    expect(text).toMatch(/✗ (registry-unreachable|image-not-found|image-not-pulled)/);
    expect(text).toContain('Revision 1 keeps serving');
    const { data } = await outcome('status', 'image');
    expect(data).toMatchObject({
      state: 'Running',
      revision: 2,
      serving: 1,
      failure: { code: expect.any(String) },
    });
  });

  test('a command that is not in the image', async () => {
    const text = groupText({ name: 'command' }).replace(/command: .*/, 'command: [/no/such/program]');
    expect((await push(text)).text).toMatch(
      /✗ command-not-found +The command does not exist in the image: \/no\/such\/program/,
    );
  });

  test('a program that ends with an error right after its start', async () => {
    const text = groupText({ name: 'crash' }).replace(
      /command: .*/,
      'command: [sh, -c, "echo no configuration; exit 3"]',
    );
    const answer = await push(text);
    expect(answer.text).toMatch(/✗ exit-code +main ended with exit code 3, \d+\.\d s after its start/);
    expect(answer.text).toContain('no configuration');
  });

  test('an address whose port another container holds, and who it is; the next address is taken instead', async () => {
    const { address } = await nextAddress();
    const holder = await docker.createContainer({
      name: 'test-bad-holder',
      Image: 'katabot/busybox:1',
      Cmd: ['sleep', '60'],
      Labels: { 'katabot.owner': 'test-bad-holder' },
      ExposedPorts: { '80/tcp': {} },
      HostConfig: {
        NetworkMode: await holderNetwork(),
        PortBindings: { '80/tcp': [{ HostIp: address, HostPort: '80' }] },
      },
    });
    try {
      await holder.start();
      const { text, repository } = await push(groupText({ name: 'clash', label: 'clashing' }));
      expect(text).toMatch(
        /! address +127\.22\.\d+\.\d+:80 instead of .*: The port is taken on the host: .*80.*It is held by the container test-bad-holder/,
      );
      expect((await bot.app.store.desired.get('production/clash'))?.settled).toBe('Running');
      expect(repository).toBeTruthy();
    } finally {
      await holder.remove({ force: true }).catch(() => {});
      await docker
        .getNetwork('test-bad-holder')
        .remove()
        .catch(() => {});
    }
  }, 60_000);
});

async function outcome(...words: string[]): Promise<{ data: Record<string, unknown> }> {
  const answer: unknown = await bot.run(...words);
  if (typeof answer !== 'object' || answer === null || !('data' in answer)) throw new Error('no data');
  return { data: Object(answer.data) };
}

/** The address that the next group will get: a group is made and removed to learn it. */
async function nextAddress(): Promise<{ address: string }> {
  await push(groupText({ name: 'scout', label: 'scouting' }));
  const address = (await bot.app.store.desired.get('production/scout'))?.address ?? '';
  await bot.run('delete', 'scout');
  return { address };
}

async function holderNetwork(): Promise<string> {
  await docker.createNetwork({
    Name: 'test-bad-holder',
    Labels: { 'katabot.owner': 'test-bad-holder' },
    IPAM: { Config: [{ Subnet: '198.18.144.0/28' }] },
  });
  return 'test-bad-holder';
}

describe('the engine goes away', () => {
  const socketPath = dockerHost.replace('unix://', '');
  (dockerHost.startsWith('unix://') ? test : test.skip)(
    'in the middle of a deploy: it is told, and goes on by itself when the engine is back',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'katabot-gone-'));
      const proxy = await startProxy(join(folder, 'docker.sock'), socketPath);
      const settings = {
        instance: 'test-gone',
        locations: { local: { ...LOCATION, addresses: '127.22.192.0/18', networks: '198.18.152.0/21' } },
      };
      const other = await startApp({
        settings,
        parts: { dockerHost: `unix://${join(folder, 'docker.sock')}` },
      });
      const cut = new Promise<void>((resolve) => {
        const stop = other.app.ground.feed.listen(({ fact }) => {
          if (fact.kind !== 'sandbox-started') return;
          stop();
          resolve(proxy.cut());
        });
      });
      const [answer] = await Promise.all([push(groupText({ name: 'gone' }), { app: other }), cut]);
      expect(answer.text).toMatch(/✗ engine-unreachable +The Docker Engine does not answer/);
      expect(answer.text).toContain('goes on by itself as soon as the engine answers again');
      expect((await push(groupText({ name: 'gone2' }), { app: other })).text).toContain('[remote rejected]');
      await proxy.mend();
      await eventually(
        async () => expect((await other.app.store.desired.get('production/gone'))?.settled).toBe('Running'),
        40_000,
      );
      await removeAll(other);
      await other.stop();
      await proxy.cut();
      await rm(folder, { recursive: true, force: true });
    },
    120_000,
  );
});

/** Stands between the bot and the engine, and can be cut and mended. */
async function startProxy(path: string, target: string) {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  const mend = () =>
    new Promise<void>((resolve) => {
      server = createServer((client) => {
        const upstream = connectSocket(target);
        for (const socket of [client, upstream]) {
          sockets.add(socket);
          socket.on('error', () => socket.destroy());
          socket.on('close', () => {
            sockets.delete(socket);
            client.destroy();
            upstream.destroy();
          });
        }
        client.pipe(upstream).pipe(client);
      });
      server.listen(path, resolve);
    });
  const cut = () =>
    new Promise<void>((resolve) => {
      server?.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await mend();
  return { mend, cut };
}

test('a bot that is told to stop right after it took a push ends at once, and deploys when it is back', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-stop-'));
  const settings = {
    instance: 'test-stop',
    locations: { local: { ...LOCATION, addresses: '127.22.96.0/19', networks: '198.18.148.0/22' } },
  };
  const first = await startApp({ settings, dataFolder });
  const stopped = new Promise<void>((resolve) => {
    first.app.ground.feed.listen(({ fact }) => {
      if (fact.kind === 'accepted') resolve(first.stop());
    });
  });
  const [{ text }] = await Promise.all([push(groupText({ name: 'stopped' }), { app: first }), stopped]);
  expect(text).toContain('✔ price');
  const second = await startApp({ settings, dataFolder });
  await eventually(
    async () => expect((await second.app.store.desired.get('production/stopped'))?.settled).toBe('Running'),
    30_000,
  );
  await removeAll(second);
  await second.stop();
  await rm(dataFolder, { recursive: true, force: true });
});

describe('the disk is full', () => {
  const canMount = process.platform === 'linux' && process.getuid?.() === 0;
  (canMount ? test : test.skip)(
    'while the store is written (needs root to mount a small disk): the push says so, and works when there is room',
    async () => {
      const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-full-'));
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', dataFolder]).status).toBe(0);
      try {
        const settings = {
          instance: 'test-full',
          locations: { local: { ...LOCATION, addresses: '127.22.64.0/18', networks: '198.18.136.0/21' } },
        };
        const other = await startApp({ settings, dataFolder });
        await push('name: none\n'.replace('name', '# name'), { app: other, repository: 'full' });
        await fill(join(dataFolder, 'ballast'));
        const refused = await push(groupText({ name: 'full' }), { app: other, repository: 'full' });
        expect(refused.text).toMatch(/store-full|disk is full|No space left|unpacker error/);
        expect(refused.text).not.toMatch(/\s+at .*\.ts:\d+/);
        expect(await other.app.store.desired.list()).toEqual([]);
        await rm(join(dataFolder, 'ballast'));
        const accepted = await push(`${groupText({ name: 'full' })}# again\n`, {
          app: other,
          repository: 'full',
        });
        expect(accepted.text).toMatch(/start +1\/1 running/);
        await removeAll(other);
        await other.stop();
      } finally {
        spawnSync('umount', [dataFolder]);
        await rm(dataFolder, { recursive: true, force: true });
      }
    },
    90_000,
  );
});

async function fill(file: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  for (let size = 3 * 1_048_576; size >= 1; size = Math.floor(size / 2)) {
    await writeFile(file, Buffer.alloc(size), { flag: 'a' }).catch(() => {});
  }
}
