/** Groups that join networks, on a real engine: what they are given, whom they reach, and what is left of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Container } from 'dockerode';
import { runCommand } from '../../src/commands/index.ts';
import { groupKey } from '../../src/event.ts';
import { drawPlain } from '../../src/replies/index.ts';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { ip, layWires, type Outpost, startOutpost } from '../world/machines.ts';

const OWNER = 'test-private';
const [LAN, MACHINE] = ['kbt-lan', 'kbt-machine'];
const OUTSIDE = 'test-private-outside';
/** A name that one resolver knows. */
const PRINTER = 'printer.corp.example.com';
const HEARD = 'hello by name';
/** Long enough for a packet that should not come, which is told from a slow one by the one that follows. */
const SILENCE_MS = 1_000;

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const outposts = new Map<string, Outpost>();
let bot: AppInTest;
/** Somebody else's container, in a network that somebody else has made. */
let stranger: Container;
let wires: Awaited<ReturnType<typeof layWires>>;
let folder: string;
/** What the groups of most tests come from. */
let shop: string;
let said = '';

function text(name: string, more: readonly string[] = [], location = 'local'): string {
  return `apiVersion: '2023-05-01'
name: ${name}
location: ${location}
properties:
  osType: Linux
  restartPolicy: Always
${more.map((line) => `  ${line}\n`).join('')}  containers:
  - name: main
    properties:
      image: katabot/busybox:1
      command: [sh, -c, "trap 'exit 0' TERM; nc -ll -p 7000 -e cat & sleep 3600 & wait $!"]
      ports: [{port: 7000}]
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
`;
}

const inNetwork = (network: string, more = '') => [
  `ipAddress: {type: Private, ports: [{port: 7000}]${more}}`,
  `subnetIds: [{id: ${network}}]`,
];
const ARM = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/Backend';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-private-'));
  shop = join(folder, 'shop');
  await docker.createNetwork({
    Name: OUTSIDE,
    Driver: 'bridge',
    IPAM: { Config: [{ Subnet: '198.19.170.0/24' }] },
    Labels: { 'katabot.owner': OWNER, 'katabot.pod': 'none' },
  });
  stranger = await docker.createContainer({
    Image: 'katabot/busybox:1',
    Cmd: ['sleep', '3600'],
    StopSignal: 'SIGKILL',
    Labels: { 'katabot.owner': OWNER, 'katabot.pod': 'none' },
    HostConfig: { NetworkMode: OUTSIDE },
    NetworkingConfig: JSON.parse(
      `{"EndpointsConfig":{"${OUTSIDE}":{"IPAMConfig":{"IPv4Address":"198.19.170.65"}}}}`,
    ),
  });
  await stranger.start();
  wires = await layWires({
    bridge: LAN,
    host: '198.19.171.1',
    more: [],
    machines: { [MACHINE]: '198.19.171.2' },
    resolver: '198.19.171.1',
  });
  bot = await startApp({
    settings: {
      instance: OWNER,
      locations: {
        local: {
          isolation: 'none',
          addresses: '127.46.0.0/24',
          bridges: '198.19.168.0/24',
          networks: {
            backend: { subnet: '198.19.169.0/28' },
            front: { subnet: '198.19.169.16/28' },
            vault: { subnet: '198.19.169.32/28', repositories: ['bank'] },
          },
        },
        // Its groups are told by a file whom to ask for names, as those in virtual machines are.
        filed: {
          isolation: 'none',
          addresses: '127.46.1.0/24',
          bridges: '198.19.172.0/24',
          resolverFile: '/etc/resolv.conf',
          networks: {
            office: { driver: 'existing', external: OUTSIDE, addresses: '198.19.170.64/29' },
            lan: {
              driver: 'macvlan',
              parent: LAN,
              subnet: '198.19.171.0/24',
              gateway: '198.19.171.254',
              addresses: '198.19.171.64/28',
            },
            none: { driver: 'macvlan', parent: 'nothing0', subnet: '198.19.173.0/24' },
          },
        },
      },
    },
  });
  await commitFiles(shop, {
    'db/containergroup.yaml': text('db', inNetwork(ARM, ', ip: 198.19.169.9')),
    'api/containergroup.yaml': text('api', [
      'subnetIds: [{id: backend}]',
      'dnsConfig: {nameServers: [198.19.169.9], searchDomains: "corp.example.com example.com", options: "ndots:3 timeout:1"}',
    ]),
    'web/containergroup.yaml': text('web', inNetwork('front')),
    'desk/containergroup.yaml': text(
      'desk',
      [
        ...inNetwork('office'),
        'dnsConfig: {nameServers: [198.19.170.9, 198.19.170.10], searchDomains: "corp.example.com", options: "ndots:2"}',
      ],
      'filed',
    ),
    'lamp/containergroup.yaml': text(
      'lamp',
      [...inNetwork('lan'), 'dnsConfig: {nameServers: [198.19.171.2], searchDomains: corp.example.com}'],
      'filed',
    ),
    'alone/containergroup.yaml': text('alone'),
  });
  said = (await bot.push(shop, { repository: 'shop' })).text;
}, 120_000);

afterAll(async () => {
  await Promise.all(outposts.values().map((each) => each.stop()));
  await Promise.all(
    ['db', 'api', 'web', 'desk', 'lamp', 'alone', 'dark'].map((name) => bot?.run('delete', name)),
  );
  await bot?.stop();
  await wires?.remove();
  await stranger?.remove({ force: true });
  await docker.getNetwork(OUTSIDE).remove(); // the bot has left it
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function sandboxOf(group: string) {
  const label = [`katabot.owner=${OWNER}`, `katabot.group=production/${group}`, 'katabot.role=sandbox'];
  const [sandbox] = await docker.listContainers({ filters: { label } });
  return docker.getContainer(sandbox?.Id ?? '').inspect();
}

/** A program of the test's in a group's network. */
async function inside(group: string): Promise<Outpost> {
  const { Id, State } = await sandboxOf(group);
  const started = outposts.get(Id) ?? startOutpost(['nsenter', `--net=/proc/${State.Pid}/ns/net`]);
  outposts.set(Id, started);
  return started;
}

async function wishOf(group: string) {
  const wish = await bot.app.store.desired.get(groupKey('production', group));
  if (!wish) throw new Error(`no wish for ${group}`);
  return wish;
}

async function run(group: string, ...command: string[]): Promise<string> {
  const engine = bot.app.ground.hosts['local']?.engine;
  if (!engine) throw new Error('no engine');
  const request = { key: groupKey('production', group), container: 'main', command, input: false };
  const session = await engine.exec(request, AbortSignal.timeout(20_000));
  let heard = '';
  await session.begun();
  for await (const { bytes } of session.output) heard += Buffer.from(bytes).toString();
  await session.exitCode;
  return heard;
}

async function status(...words: string[]): Promise<string> {
  const caller = { name: 'test', right: 'admin' } as const;
  const lines: string[] = [];
  const all = runCommand(
    bot.app.ground,
    { words: ['status', ...words], caller, surface: 'cli' },
    AbortSignal.timeout(20_000),
  );
  for (;;) {
    const { value, done } = await all.next();
    if (done) return [...lines, ...value.blocks.flatMap((block) => drawPlain(block))].join('\n');
    lines.push(...drawPlain(value));
  }
}

const API = '198.19.169.2'; // the first of its network behind the gateway
const DB = '198.19.169.9';

describe('a group that joins a network', () => {
  test('is told its private address and its names, and no port of it is published on the host', async () => {
    expect(said).toMatch(/address +198\.19\.169\.9:7000 +private in backend: db, db\.backend/);
    expect(await status('db')).toContain('198.19.169.9:7000   private in backend: db, db.backend');
    const { HostConfig, NetworkSettings } = await sandboxOf('db');
    expect([HostConfig.PortBindings, Object.values(NetworkSettings.Ports).flat()]).toEqual([{}, []]);
    expect(NetworkSettings.Networks).toMatchObject({
      'test-private.local.backend': { IPAddress: DB, Gateway: '198.19.169.1' },
    });
  });

  test('has the address that it wished for, or the first free one, also without a port of its own', async () => {
    expect(await wishOf('db')).toMatchObject({ address: DB, subnet: '', fqdn: '' });
    expect(await wishOf('api')).toMatchObject({ address: API });
    expect(await status('api')).toContain(`${API}   private in backend`);
    expect((await bot.app.store.addresses.all('local/backend')).map(({ address }) => address).sort()).toEqual(
      [API, DB],
    );
  });

  test('reaches the others of its network by address and by name, and is reached by them', async () => {
    const [api, db] = await Promise.all([inside('api'), inside('db')]);
    expect(await api.call('tcp', DB, 7000)).toBe(HEARD);
    expect(await db.call('tcp', API, 7000)).toBe(HEARD);
    for (const name of ['api', 'api.backend']) expect(await run('db', 'nslookup', name)).toContain(API);
  });

  test('is kept apart from every other network, in both directions', async () => {
    const pairs = [
      ['web', DB],
      ['alone', DB],
      ['desk', DB],
      ['db', '198.19.169.18'],
      ['db', '198.19.170.66'],
      ['db', '198.19.168.2'],
    ] as const;
    const heard = pairs.map(async ([from, to]) => (await inside(from)).call('tcp', to, 7000, SILENCE_MS));
    expect(await Promise.all(heard)).not.toContain(HEARD);
    const groups = ['web', 'desk', 'db'].map(async (group) => {
      const { address } = await wishOf(group);
      return (await inside(group)).call('tcp', address, 7000);
    });
    expect(await Promise.all(groups)).toEqual([HEARD, HEARD, HEARD]);
    expect(await (await inside('alone')).call('tcp', '198.19.168.2', 7000)).toBe(HEARD);
  });

  test('does not reach the address where clouds tell a machine its credentials', async () => {
    const outpost = await inside('api');
    expect(await outpost.call('tcp', '169.254.169.254', 80, SILENCE_MS)).toBe('ECONNREFUSED');
  });

  test('asks the name servers of its dnsConfig for what is not in the network', async () => {
    const file = await run('api', 'cat', '/etc/resolv.conf');
    expect(file).toContain('search corp.example.com example.com');
    expect(file).toContain('options ndots:3 timeout:1');
    const { HostConfig } = await sandboxOf('api');
    expect(HostConfig).toMatchObject({ Dns: [DB] });
    const resolver = await inside('db');
    await resolver.resolveAt(DB, { [PRINTER]: '192.0.2.77' });
    expect(await run('api', 'nslookup', PRINTER)).toContain('192.0.2.77');
    // What is in the network is nobody else's to know.
    expect(await run('api', 'ping', '-c', '1', '-W', '1', 'db')).toContain(`(${DB})`);
    const asked = await resolver.asked();
    expect([asked.includes(`${API} ${PRINTER} A`), asked.filter((each) => / db A/.test(each))]).toEqual([
      true,
      [],
    ]);
  });

  test('keeps its address over a stop and a start', async () => {
    await bot.run('stop', 'api');
    await bot.run('start', 'api');
    await eventually(async () => expect(await (await inside('api')).call('tcp', API, 7000)).toBe(HEARD));
    expect(await wishOf('api')).toMatchObject({ address: API });
  });
});

test('in a network that exists a group takes the next address where somebody has the first, which no book knows', async () => {
  expect(said).toMatch(/198\.19\.170\.66:7000 instead of 198\.19\.170\.65:7000/);
  expect(await wishOf('desk')).toMatchObject({ address: '198.19.170.66' });
  expect(await bot.app.store.addresses.all('filed/office')).toMatchObject([{ address: '198.19.170.66' }]);
});

test('in a network of the office a group stands beside its machines, which reach it and are reached', async () => {
  expect(await wishOf('lamp')).toMatchObject({ address: '198.19.171.65' });
  const machine = startOutpost(wires.at(MACHINE));
  outposts.set(MACHINE, machine);
  expect(await machine.call('tcp', '198.19.171.65', 7000)).toBe(HEARD);
  await machine.echoAt(7001);
  expect(await (await inside('lamp')).call('udp', '198.19.171.2', 7001)).toBe(HEARD);
  // Also for names: the group's own file leads it there, and its search domain is added.
  await machine.resolveAt('198.19.171.2', { [PRINTER]: '192.0.2.78' });
  expect(await run('lamp', 'ping', '-c', '1', '-W', '1', 'printer')).toContain('(192.0.2.78)');
  expect(await machine.asked()).toContain(`198.19.171.65 ${PRINTER} A`);
  // Who asks the wire for the credentials of clouds is not answered by a group.
  await ip('-n', MACHINE, 'route', 'add', '169.254.0.0/16', 'dev', 'eth0');
  const asked = await machine.call('tcp', '169.254.169.254', 80, SILENCE_MS);
  expect(['timeout', 'EHOSTUNREACH']).toContain(asked);
  expect(await (await inside('lamp')).call('tcp', '169.254.169.254', 80)).toBe('ECONNREFUSED');
  // Who is on another wire does not.
  expect(await (await inside('alone')).call('tcp', '198.19.171.65', 7000, SILENCE_MS)).not.toBe(HEARD);
});

test('where a file says whom to ask for names, it is the group’s own, and no names in the network are promised', async () => {
  expect(await run('desk', 'cat', '/etc/resolv.conf')).toBe(
    'nameserver 198.19.170.9\nnameserver 198.19.170.10\nsearch corp.example.com\noptions ndots:2\n',
  );
  expect(said).toMatch(/198\.19\.170\.66:7000 +private in office\s*\n/);
});

test('what asks for a network that is not there, or for one that it may not join, is refused at its line', async () => {
  const place = join(folder, 'mistakes');
  await commitFiles(place, {
    'lost/containergroup.yaml': text('lost', inNetwork('backent')),
    'shut/containergroup.yaml': text('shut', inNetwork('vault')),
    'held/containergroup.yaml': text('held', inNetwork('backend', `, ip: ${DB}`)),
    'gate/containergroup.yaml': text('gate', inNetwork('backend', ', ip: 198.19.169.1')),
  });
  const { text: told } = await bot.push(place, { repository: 'mistakes' });
  expect(told).toMatch(/There is no network "backent" at local\.[\s\S]*Did you mean backend\?/);
  expect(told).toMatch(/shut may not join the network vault of local\.[\s\S]*Write one of: backend, front\./);
  expect(told).toMatch(/198\.19\.169\.9 is taken by the group production\/db/);
  expect(told).toMatch(/198\.19\.169\.1 is no address of the network backend[\s\S]*198\.19\.169\.0\/28/);
  expect(await bot.app.store.desired.get(groupKey('production', 'lost'))).toBeUndefined();
});

test('a network that the host cannot make is told with the words of its engine', async () => {
  const place = join(folder, 'dark');
  await commitFiles(place, { 'dark/containergroup.yaml': text('dark', inNetwork('none'), 'filed') });
  const { text: told } = await bot.push(place, { repository: 'dark' });
  expect(told).toMatch(/network-unmade +The host makes no network none of the driver macvlan: .*nothing0/);
  await bot.run('delete', 'dark');
});

test('a group that joins a network later gives up the one of its own', async () => {
  await commitFiles(shop, { 'alone/containergroup.yaml': text('alone', inNetwork('front')) });
  await bot.push(shop, { repository: 'shop' });
  const names = async () => (await docker.listNetworks()).map(({ Name }) => Name);
  expect(await wishOf('alone')).toMatchObject({ address: '198.19.169.19', subnet: '' });
  expect(await (await inside('web')).call('tcp', '198.19.169.19', 7000)).toBe(HEARD);
  expect((await names()).filter((name) => name.includes('alone'))).toEqual([]);
});

test('a network goes with the last group in it, and the address with its group', async () => {
  const names = async () =>
    (await docker.listNetworks({ filters: { label: [`katabot.network=${OWNER}`] } })).map(({ Name }) => Name);
  expect((await names()).sort()).toEqual([
    'test-private.filed.lan',
    'test-private.local.backend',
    'test-private.local.front',
  ]);
  await Promise.all(['web', 'lamp', 'alone'].map((name) => bot.run('delete', name)));
  expect(await names()).toEqual(['test-private.local.backend']);
  await bot.run('stop', 'api');
  await bot.run('delete', 'db');
  expect(await names()).toEqual(['test-private.local.backend']); // what has stopped is in it still
  await bot.run('delete', 'api');
  expect(await names()).toEqual([]);
  expect(await bot.app.store.addresses.all('local/backend')).toEqual([]);
});
