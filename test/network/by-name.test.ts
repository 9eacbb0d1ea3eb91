/**
 * Groups reached by name alone, from another machine, and groups that are reached by nobody there: a host with the bot and its
 * engine, a second host with an engine of its own, a resolver, and a client are network namespaces, and every packet crosses a
 * link between them.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { runCommand } from '../../src/commands/index.ts';
import { drawPlain } from '../../src/replies/index.ts';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { ip, layWires, type Outpost, startOutpost } from '../world/machines.ts';
import { type Dug, dig, type NameServer, needPrograms, output, startUnbound } from '../world/name-servers.ts';
import { startPrivateEngine } from '../world/private-engine.ts';
import { stopPrivateEngine } from '../world/private-engine-stop.ts';

const ZONE = 'apps.example.com';
const HOST = '10.213.77.1';
const RESOLVER = '10.213.77.2';
/** The other host, and the addresses that it has for groups. */
const FAR = '10.213.77.4';
const FAR_ADDRESSES = ['10.213.77.145', '10.213.77.146'];
const [CLIENTS, RESOLVERS, FARS, BRIDGE] = ['kbt-client', 'kbt-resolver', 'kbt-far', 'kbt-names'];
/** Of the same link, for the first location: where the host is, its client, and the range that groups are published on. */
const [HOST_V6, CLIENT_V6, RANGE_V6] = ['fd00:a13:77::1', 'fd00:a13:77::3', 'fd00:a13:77::80/125'];
const ADDRESSES_V6 = [1, 2, 3, 4].map((last) => `fd00:a13:77::8${last}`);
/** Where clouds tell a machine its own credentials. */
const METADATA = '169.254.169.254';
/** Long enough for a packet that should not come, which is told from a slow one by the one that follows. */
const SILENCE_MS = 1_000;

const RUN = `command: [sh, -c, "trap 'exit 0' TERM; nc -ll -p 7000 -e cat & httpd -f -p 80 -h /www & sleep 3600 & wait $!"]`;

function text(name: string, location: string, address: string): string {
  return `apiVersion: '2023-05-01'
name: ${name}
location: ${location}
properties:
  osType: Linux
  restartPolicy: Always
${address}
  containers:
  - name: main
    properties:
      image: katabot/busybox:1
      ${RUN}
      ports: [{port: 80}, {port: 7000}, {port: 7001, protocol: UDP}]
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
`;
}

const published = (label: string) =>
  `  ipAddress: {type: Public, dnsNameLabel: ${label}, ports: [{port: 80}, {port: 7000}, {port: 7001, protocol: UDP}]}`;

const hidden = `  ipAddress: {type: Private, ports: [{port: 80}, {port: 7000}, {port: 7001, protocol: UDP}]}
  subnetIds: [{id: backend}]`;

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const outposts = new Map<string, Outpost>();
const GROUPS = ['direct', 'behind', 'silent', 'remote', 'hidden', 'distant'];
let wires: Awaited<ReturnType<typeof layWires>>;
let client: Outpost;
let bot: AppInTest;
/** The folder of the other host's engine. */
let farEngine: string;
let folder: string;
let resolver: NameServer;

beforeAll(async () => {
  nock.enableNetConnect(/^(127\.|localhost|10\.213\.77\.)/); // the edge forwards to groups of these addresses
  needPrograms('dig', 'unbound');
  wires = await layWires({
    bridge: BRIDGE,
    host: HOST,
    more: [129, 130, 131, 132].map((last) => `10.213.77.${last}`).concat(ADDRESSES_V6),
    machines: { [RESOLVERS]: RESOLVER, [CLIENTS]: '10.213.77.3', [FARS]: FAR },
    resolver: RESOLVER,
  });
  await ip('addr', 'add', `${HOST_V6}/64`, 'dev', BRIDGE, 'nodad');
  await ip('-n', CLIENTS, 'addr', 'add', `${CLIENT_V6}/64`, 'dev', 'eth0', 'nodad');
  for (const address of FAR_ADDRESSES) await ip('-n', FARS, 'addr', 'add', `${address}/32`, 'dev', 'eth0');
  // Whoever knows where a network is can send packets there.
  await ip('-n', CLIENTS, 'route', 'add', '198.19.167.0/24', 'via', FAR);
  client = outpost(wires.at(CLIENTS));
  farEngine = await startFarEngine();
  folder = await mkdtemp(join(tmpdir(), 'katabot-by-name-'));
  const isolation = 'none';
  [bot] = await Promise.all([
    startApp({
      settings: {
        instance: 'test-by-name',
        edge: { address: '0.0.0.0:0', domain: ZONE },
        dns: { serve: { address: `${HOST}:0` } },
        locations: {
          own: {
            isolation,
            addresses: ['10.213.77.128/29', RANGE_V6],
            bridges: '198.19.160.0/22',
            networks: { backend: { subnet: '198.19.166.0/28' } },
          },
          single: { isolation, addresses: HOST, ports: '21000-21099', networks: '198.19.164.0/23' },
          far: {
            isolation,
            engine: `unix://${farEngine}/docker.sock`,
            addresses: '10.213.77.144/30',
            bridges: '198.19.167.0/25',
            networks: { backend: { subnet: '198.19.167.128/28' } },
          },
        },
      },
      parts: { resolvers: [`${RESOLVER}:53`] },
    }),
    commitFiles(folder, {
      'own/containergroup.yaml': text('direct', 'own', published('direct')),
      'single/containergroup.yaml': text('behind', 'single', published('behind')),
      'none/containergroup.yaml': text('silent', 'own', ''),
      'far/containergroup.yaml': text('remote', 'far', published('remote')),
      'hidden/containergroup.yaml': text('hidden', 'own', hidden),
      'hidden-far/containergroup.yaml': text('distant', 'far', hidden),
    }),
  ]);
  const [host = '', port] = bot.app.addresses.dns.split(':');
  resolver = await startUnbound(RESOLVER, ZONE, { host, port: Number(port) }, wires.at(RESOLVERS));
  const { text: said } = await bot.push(folder, { repository: 'names' });
  expect(said).not.toContain('✗');
  await eventually(async () => expect((await lookUp(ZONE, 'SOA')).status).toBe('NOERROR'));
  examined = await doctor();
}, 120_000);

afterAll(async () => {
  await Promise.all(outposts.values().map((each) => each.stop()));
  await Promise.all(GROUPS.map((name) => bot?.run('delete', name)));
  await bot?.stop();
  if (farEngine) await stopPrivateEngine(farEngine);
  await resolver?.stop();
  await wires?.remove();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** It has the namespace to itself, and so writes its own rules there. */
async function startFarEngine(): Promise<string> {
  const there = await startPrivateEngine({ inside: ['nsenter', `--net=/run/netns/${FARS}`] });
  const far = connect(`unix://${there}/docker.sock`);
  const loading = await far.loadImage(await docker.getImage('katabot/busybox:1').get());
  await once(loading.resume(), 'end');
  return there;
}

/** One program for each namespace. */
function outpost(words: readonly string[]): Outpost {
  const place = words.join(' ');
  const started = outposts.get(place) ?? startOutpost(words);
  outposts.set(place, started);
  return started;
}

/** The images have no program that hears datagrams, so one of this machine's is put into the group's network. */
async function outpostIn(group: string, engine = docker): Promise<Outpost> {
  const label = ['katabot.owner=test-by-name', `katabot.group=production/${group}`, 'katabot.role=sandbox'];
  const [sandbox] = await engine.listContainers({ filters: { label } });
  const { State } = await engine.getContainer(sandbox?.Id ?? '').inspect();
  return outpost(['nsenter', `--net=/proc/${State.Pid}/ns/net`]);
}

/** A program of the client's machine, which knows nothing but its resolver. */
function there(...words: string[]): Promise<string> {
  const [command = '', ...before] = wires.at(CLIENTS);
  return output(command, [...before, ...words]);
}

async function lookUp(...words: string[]): Promise<Pick<Dug, 'status' | 'answer'>> {
  const said = await there('dig', '+tries=1', '+time=5', ...words);
  return {
    status: /status: (\w+)/.exec(said)?.[1] ?? '',
    answer: (/;; ANSWER SECTION:\n([\s\S]*?)\n\n/.exec(said)?.[1] ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/\s+/g, ' ')),
  };
}

/** What doctor said of hosts on which nobody had changed anything. */
let examined = '';

/** All that doctor says. */
async function doctor(): Promise<string> {
  const told: string[] = [];
  for await (const block of runCommand(bot.app.ground, DOCTOR, AbortSignal.timeout(60_000)))
    told.push(drawPlain(block).join('\n'));
  return told.join('\n');
}

const DOCTOR = { words: ['doctor'], caller: { name: 'test', right: 'admin' }, surface: 'cli' } as const;

const HEARD = 'hello by name';

async function hears(kind: 'tcp' | 'udp', host: string, port: number): Promise<void> {
  await eventually(async () => expect(await client.call(kind, host, port)).toBe(HEARD));
}

describe('a group with an address of its own, from another machine by name', () => {
  const name = `direct.own.${ZONE}`;

  test('is found through a resolver that only knows where the zone is', async () => {
    const [record = ''] = (await lookUp(name)).answer;
    expect(record).toMatch(/ IN A 10\.213\.77\.(129|13\d)$/);
    expect((await lookUp(`_7000._tcp.${name}`, 'SRV')).answer[0]).toMatch(/ SRV 0 0 7000 direct\.own\./);
  });

  test('echoes over TCP and UDP at its own ports', async () => {
    await hears('tcp', name, 7000);
    await (await outpostIn('direct')).echoAt(7001);
    await hears('udp', name, 7001);
  });

  test('has an IPv6 address too, where the host has some, and echoes over TCP and UDP there', async () => {
    const [record = ''] = (await lookUp(name, 'AAAA')).answer;
    const [address = ''] = /fd00:a13:77::8[1-4]$/.exec(record) ?? [];
    await hears('tcp', address, 7000);
    await hears('udp', address, 7001);
  });

  test('answers HTTP at its own port 80, and through the edge', async () => {
    const edge = bot.app.addresses.edge.split(':')[1];
    for (const url of [`http://${name}/`, `http://${name}:${edge}/`]) {
      await eventually(async () => {
        const status = await there('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-m', '5', url);
        expect([url, status]).toEqual([url, '404']); // busybox has no page, and says so itself
      });
    }
    expect(await there('curl', '-s', '-i', '-m', '5', `http://${name}:${edge}/`)).not.toContain(
      'x-katabot-edge',
    );
  });

  test('keeps its address over a stop and a start', async () => {
    const before = (await lookUp(name)).answer;
    await bot.run('stop', 'direct');
    await bot.run('start', 'direct');
    await hears('tcp', name, 7000);
    expect((await lookUp(name)).answer.map((line) => line.split(' ').at(-1))).toEqual(
      before.map((line) => line.split(' ').at(-1)),
    );
  });
});

describe('groups that share the host’s single address', () => {
  const name = `behind.single.${ZONE}`;

  test('are reached over HTTP by name through the edge', async () => {
    const edge = bot.app.addresses.edge.split(':')[1];
    const said = await there('curl', '-s', '-i', '-m', '5', `http://${name}:${edge}/`);
    expect(said).toMatch(/^HTTP\/1\.1 404/);
    expect(said).not.toContain('x-katabot-edge');
  });

  test.each([
    ['tcp', 7000],
    ['udp', 7001],
  ] as const)('echo over %s at the port that the SRV record tells', async (kind, port) => {
    const [record = ''] = (await lookUp(`_${port}._${kind}.${name}`, 'SRV')).answer;
    const [, given, target = ''] = / SRV 0 0 (210\d\d) (\S+)\.$/.exec(record) ?? [];
    expect(target).toBe(`single.${ZONE}`);
    if (kind === 'udp') await (await outpostIn('behind')).echoAt(7001);
    await hears(kind, target, Number(given));
  });

  test('tell their ports in the status', async () => {
    const wish = await bot.app.store.desired.get('production/behind');
    expect(wish?.published.map(({ address, port }) => [address, port])).toEqual([
      [HOST, 80],
      [HOST, 7000],
      [HOST, 7001],
    ]);
  });
});

test('a group on another host is reached by its name as well', async () => {
  const name = `remote.far.${ZONE}`;
  expect((await lookUp(name)).answer[0]).toMatch(/ IN A 10\.213\.77\.14[56]$/);
  await hears('tcp', name, 7000);
});

test('a group without an ipAddress has no name, no address and no port that a packet from outside reaches', async () => {
  const wish = await bot.app.store.desired.get('production/silent');
  expect(wish).toMatchObject({ address: '', published: [], fqdn: '' });
  const inside = await addressInside('silent');
  const rule =
    /iptables (-t raw -I PREROUTING -d 198\.19\.160\.0\/22 -m addrtype ! --dst-type LOCAL -j DROP)/.exec(
      examined,
    )?.[1];
  // Engines before 28 let in what is routed to them, on a host that forwards packets: doctor says what it needs, and that closes it.
  const forwards = ['FORWARD', '-i', BRIDGE, '-j', 'ACCEPT'];
  if (rule) {
    expect(await output('iptables', ['-w', '-I', ...forwards])).toBe('');
    expect(await client.call('tcp', inside, 7000)).toBe(HEARD);
    expect(await output('iptables', rule.split(' '))).toBe('');
  }
  try {
    expect(await client.call('tcp', inside, 7000, SILENCE_MS)).not.toBe(HEARD);
    await hears('tcp', `direct.own.${ZONE}`, 7000);
  } finally {
    if (rule) {
      await output('iptables', rule.replace('-I', '-D').split(' '));
      await output('iptables', ['-w', '-D', ...forwards]);
    }
  }
  const others = ['10.213.77.131', '10.213.77.132', HOST];
  const heard = await Promise.all(others.map((address) => client.call('tcp', address, 7000, SILENCE_MS)));
  expect(heard).not.toContain(HEARD);
});

test('a group that joins a network is reached by nobody outside of it: no machine, no other group, on no host', async () => {
  const far = connect(`unix://${farEngine}/docker.sock`);
  const [own, distant] = await Promise.all(
    ['hidden', 'distant'].map((group) => bot.app.store.desired.get(`production/${group}`)),
  );
  const addresses = [own?.address ?? '', distant?.address ?? ''] as const;
  expect(addresses.map((address) => address.replace(/\d+$/, ''))).toEqual(['198.19.166.', '198.19.167.']);
  for (const name of [`hidden.own.${ZONE}`, `distant.far.${ZONE}`, 'hidden.backend'])
    expect((await lookUp(name)).answer).toEqual([]);
  // Engines before 28 let in what is routed to them: doctor says what such a host needs.
  const told = examined;
  const rules = [
    [
      [],
      'FORWARD -i kbt-names -j ACCEPT',
      /iptables (-t raw \S+ PREROUTING ! -i \S+ -d 198\.19\.166\.0\/28 -j DROP)/,
    ],
    [
      ['nsenter', `--net=/run/netns/${FARS}`],
      'FORWARD -i eth0 -j ACCEPT',
      /iptables (-t raw \S+ PREROUTING ! -i \S+ -d 198\.19\.167\.128\/28 -j DROP)/,
    ],
  ] as const;
  const set = async (deed: '-I' | '-D', inside: readonly string[], rule: string) => {
    const [program = '', ...words] = [...inside, 'iptables', '-w', ...(deed + rule).split(' ')];
    return output(program, words);
  };
  const undo: (() => Promise<unknown>)[] = [];
  for (const [index, [inside, forwards, pattern]] of rules.entries()) {
    const rule = pattern.exec(told)?.[1];
    if (rule === undefined) continue;
    for (const each of [` ${forwards}`, ` ${rule}`.replace(/^ (-t raw) -I (.*)$/, ' $2 $1')]) {
      if (each.includes('raw')) expect(await client.call('tcp', addresses[index] ?? '', 7000)).toBe(HEARD);
      expect(await set('-I', inside, each)).toBe('');
      undo.push(() => set('-D', inside, each));
    }
  }
  try {
    const [direct, hidden, remote, distantOne] = await Promise.all([
      outpostIn('direct'),
      outpostIn('hidden'),
      outpostIn('remote', far),
      outpostIn('distant', far),
    ]);
    const heard = await Promise.all([
      ...addresses.map((address) => client.call('tcp', address, 7000, SILENCE_MS)),
      ...[HOST, FAR].map((address) => client.call('tcp', address, 7000, SILENCE_MS)),
      direct.call('tcp', addresses[0], 7000, SILENCE_MS),
      distantOne.call('tcp', addresses[0], 7000, SILENCE_MS),
      remote.call('tcp', addresses[1], 7000, SILENCE_MS),
    ]);
    expect(heard).not.toContain(HEARD);
    // Inside they listen all the while, and public groups beside them are reached.
    expect(await hidden.call('tcp', addresses[0], 7000)).toBe(HEARD);
    expect(await distantOne.call('tcp', addresses[1], 7000)).toBe(HEARD);
    await hears('tcp', `remote.far.${ZONE}`, 7000);
    await hears('tcp', `direct.own.${ZONE}`, 7000);
  } finally {
    for (const each of undo.reverse()) await each();
  }
});

test('doctor sees whether a host keeps networks apart, by packets: also when its engine’s rules were taken away', async () => {
  expect(examined).toMatch(/far +groups of one network do not reach those of another/);
  const rules = (...words: string[]) =>
    output('nsenter', [`--net=/run/netns/${FARS}`, 'iptables', '-w', ...words]);
  // As a second engine on the host does when it starts.
  for (const chain of ['DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2'])
    expect(await rules('-F', chain)).toBe('');
  const told = await doctor();
  expect(told).toMatch(/far +groups of one network reach those of another: the rules .* are not in force/);
  expect(told).toMatch(/own +groups of one network do not reach those of another/);
  const left = await connect(`unix://${farEngine}/docker.sock`).listNetworks();
  expect(left.filter(({ Name }) => Name.includes('look'))).toEqual([]);
});

describe('from inside a group', () => {
  test('another group’s own network is not reached', async () => {
    const inside = await addressInside('silent');
    const [neighbour, itself] = await Promise.all([outpostIn('direct'), outpostIn('silent')]);
    expect(await neighbour.call('tcp', inside, 7000, SILENCE_MS)).not.toBe(HEARD);
    expect(await itself.call('tcp', inside, 7000)).toBe(HEARD);
  });

  test('the address where a cloud tells its machines their credentials leads nowhere', async () => {
    // It is told by another machine, to which the host leads what asks for it.
    await ip('-n', RESOLVERS, 'addr', 'add', `${METADATA}/32`, 'dev', 'eth0');
    await ip('route', 'add', `${METADATA}/32`, 'via', RESOLVER);
    const other = outpost(wires.at(RESOLVERS));
    await Promise.all([other.echoAt(7001, METADATA), other.echoAt(7001, RESOLVER)]);
    expect(await outpost(['env']).call('udp', METADATA, 7001)).toBe(HEARD);
    const group = await outpostIn('direct');
    expect(await group.call('udp', RESOLVER, 7001)).toBe(HEARD);
    expect(await group.call('udp', METADATA, 7001, SILENCE_MS)).toBe('ECONNREFUSED');
  });
});

async function addressInside(group: string): Promise<string> {
  const wish = await bot.app.store.desired.get(`production/${group}`);
  const [, network, first] = /^(.*\.)(\d+)\/28$/.exec(wish?.subnet ?? '') ?? [];
  return `${network}${Number(first) + 2}`;
}

test('doctor sees the delegation', async () => {
  expect(await bot.app.ground.dns()).toMatchObject([{ state: 'fine' }, { state: 'fine' }]);
});

test('a name that is deleted is gone for every resolver within its time to live', async () => {
  await bot.run('delete', 'direct');
  const [host = '', port] = bot.app.addresses.dns.split(':');
  expect(await dig({ host, port: Number(port) }, `direct.own.${ZONE}`)).toMatchObject({ status: 'NXDOMAIN' });
});
