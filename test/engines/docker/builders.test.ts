import { describe, expect, test } from '@jest/globals';
import type { ContainerInspectInfo } from 'dockerode';
import fc from 'fast-check';
import { causeOf } from '../../../src/engines/docker/causes.ts';
import { memberOptions, sandboxOptions } from '../../../src/engines/docker/containers.ts';
import { isLatest, layerProgress } from '../../../src/engines/docker/images.ts';
import { LineAssembler } from '../../../src/engines/docker/logs.ts';
import { addressCause } from '../../../src/engines/docker/network-causes.ts';
import { namedNetworkOptions, networkOptions } from '../../../src/engines/docker/networks.ts';
import { groupsFrom } from '../../../src/engines/docker/observe.ts';
import { resolvConf } from '../../../src/engines/docker/resolver.ts';
import { waitingProgram } from '../../../src/engines/docker/sandbox-image.ts';
import { AZURE_SHARES } from '../../../src/engines/docker/shares.ts';
import { routesIn } from '../../../src/engines/docker/survey.ts';
import { volumeOptions } from '../../../src/engines/docker/volume-options.ts';
import type { NamedNetwork, Pod } from '../../../src/engines/index.ts';
import { readGroup, registryOf } from '../../../src/spec/index.ts';

const { group } = readGroup(`
name: shop
properties:
  osType: Linux
  ipAddress: {type: Public, ports: [{port: 80}, {port: 53, protocol: UDP}]}
  volumes: [{name: scratch, emptyDir: {}}, {name: store, secret: {key: aHVudGVyMg==}}]
  initContainers:
  - name: prepare
    properties: {image: acme/prepare:1, command: [prepare]}
  containers:
  - name: web
    properties:
      image: acme/web:1
      ports: [{port: 80}, {port: 53, protocol: UDP}]
      environmentVariables: [{name: PLAIN, value: 1.10}, {name: TOKEN, secureValue: hunter2}]
      resources: {requests: {cpu: 0.5, memoryInGB: 0.5}, limits: {cpu: 1, memoryInGB: 1}}
      volumeMounts: [{name: scratch, mountPath: /data}, {name: store, mountPath: /store}]
  - name: side
    properties: {image: acme/side:1, command: [side, --fast], resources: {requests: {cpu: 0.5, memoryInGB: 0.5}}}
`);
if (!group) throw new Error('no group');

const PRIVATE = `
name: shop
properties:
  osType: Linux
  ipAddress: {type: Private, ports: [{port: 80}]}
  subnetIds: [{id: /subscriptions/s/subnets/Backend}]
  dnsConfig: {nameServers: [10.50.0.53], searchDomains: corp.example.com, options: ndots:2 rotate}
  containers:
  - name: web
    properties: {image: acme/web:1, ports: [{port: 80}], resources: {requests: {cpu: 1, memoryInGB: 1}}}
`;
const BACKEND: NamedNetwork = {
  name: 'backend',
  location: 'office',
  driver: 'bridge',
  subnet: '10.50.0.0/24',
  gateway: '10.50.0.1',
  parent: '',
  external: '',
};

const pod: Pod = {
  key: 'production/shop',
  revision: 5,
  podRevision: 3,
  group,
  origin: { repository: 'shop', commit: 'c0ffee', path: 'containergroup.yaml' },
  fingerprint: 'pod-print',
  memberFingerprints: { web: 'web-print', side: 'side-print', prepare: 'prepare-print' },
  address: '127.20.0.9',
  published: [
    { address: '127.20.0.9', protocol: 'TCP', port: 80, hostPort: 80 },
    { address: '127.20.0.9', protocol: 'UDP', port: 53, hostPort: 53 },
  ],
  subnet: '198.18.0.128/28',
  gpus: {},
  images: {},
};
const [web, side] = group.containers;
const [prepare] = group.initContainers;
if (!web || !side || !prepare) throw new Error('no containers');
const settings = {
  sandboxId: 'f00d',
  image: 'sha256:1',
  runtime: 'runc',
  traits: { annotations: false },
  defaults: { entrypoint: ['/entry'], command: ['serve'] },
};

describe('what the engine is asked for', () => {
  test('a sandbox that owns the ports, the network and every volume, and can do nothing', () => {
    const options = sandboxOptions('katabot', pod, {
      image: 'katabot/sandbox:1',
      runtime: 'runc',
      traits: { annotations: false },
    });
    expect(options).toMatchObject({
      name: 'katabot.production.shop.r3.sandbox',
      Hostname: 'shop',
      StopSignal: 'SIGKILL',
      Labels: {
        'katabot.owner': 'katabot',
        'katabot.group': 'production/shop',
        'katabot.revision': '5',
        'katabot.role': 'sandbox',
        'katabot.fingerprint': 'pod-print',
        'katabot.address': '127.20.0.9',
        'katabot.commit': 'c0ffee',
      },
      HostConfig: {
        Runtime: 'runc',
        NetworkMode: 'katabot.production.shop.r3',
        RestartPolicy: { Name: 'no' },
        PortBindings: {
          '80/tcp': [{ HostIp: '127.20.0.9', HostPort: '80' }],
          '53/udp': [{ HostIp: '127.20.0.9', HostPort: '53' }],
        },
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
      },
      NetworkingConfig: {
        EndpointsConfig: {
          'katabot.production.shop.r3': { IPAMConfig: { LinkLocalIPs: ['169.254.169.254'] } },
        },
      },
    });
    expect(options.HostConfig?.Mounts?.map(({ Target }) => Target)).toEqual([
      '/scratch/0',
      '/volumes/store',
      '/volumes/web.environment',
    ]);
  });

  test('a member that joins it, within its limits, and tells no secret', () => {
    const options = memberOptions('katabot', pod, web, settings);
    expect(options).toMatchObject({
      name: 'katabot.production.shop.r5.web',
      Image: 'sha256:1',
      Entrypoint: ['/run/katabot/enter', '/run/katabot/environment', '/entry', 'serve'],
      Env: ['PLAIN=1.10'],
      HostConfig: {
        NetworkMode: 'container:f00d',
        IpcMode: 'container:f00d',
        NanoCpus: 1_000_000_000,
        Memory: 2 ** 30,
        MemorySwap: 2 ** 30,
      },
    });
    expect(options.HostConfig?.Mounts).toMatchObject([
      { Type: 'volume', Source: 'katabot.production.shop.r3.scratch', Target: '/data', ReadOnly: false },
      { Type: 'volume', Source: 'katabot.production.shop.r3.store', Target: '/store', ReadOnly: true },
      {
        Type: 'volume',
        Source: 'katabot.production.shop.r3.web.environment',
        Target: '/run/katabot',
        ReadOnly: true,
      },
    ]);
    // What the image has there stays the image's.
    expect(options.HostConfig?.Mounts?.every((mount) => mount.VolumeOptions?.NoCopy)).toBe(true);
    expect(JSON.stringify(options)).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  test('a command in place of the image’s own, and the whole group’s size for who runs alone', () => {
    expect(memberOptions('katabot', pod, side, settings)).toMatchObject({
      Entrypoint: ['side', '--fast'],
      Cmd: [],
      HostConfig: { NanoCpus: 500_000_000 },
    });
    expect(memberOptions('katabot', pod, prepare, settings)).toMatchObject({
      Labels: { 'katabot.role': 'init' },
      HostConfig: { NanoCpus: 1_000_000_000, Memory: 2 ** 30 },
    });
  });

  test('one virtual machine for all of the group, where annotations reach the runtime', () => {
    const traits = { annotations: true, resolverFile: '/etc/katabot/resolv.conf' };
    const sandbox = sandboxOptions('katabot', pod, { image: 'katabot/sandbox:1', runtime: 'kata', traits });
    expect(sandbox.HostConfig).toMatchObject({
      Runtime: 'kata',
      Annotations: {
        'io.kubernetes.cri.container-type': 'sandbox',
        'io.kubernetes.cri.sandbox-cpu-period': '100000',
        'io.kubernetes.cri.sandbox-cpu-quota': '100000', // one vCPU: the sum of the requests
        'io.kubernetes.cri.sandbox-memory': String(2 ** 30 + 128 * 2 ** 20),
      },
    });
    expect(sandbox.HostConfig?.Mounts?.at(-1)).toEqual({
      Type: 'bind',
      Source: '/etc/katabot/resolv.conf',
      Target: '/etc/resolv.conf',
      ReadOnly: true,
    });
    const member = memberOptions('katabot', pod, web, { ...settings, runtime: 'kata', traits });
    expect(member.HostConfig).toMatchObject({
      Runtime: 'kata',
      Annotations: {
        'io.kubernetes.cri.container-type': 'container',
        'io.kubernetes.cri.sandbox-id': 'f00d',
        'io.kubernetes.cri.container-name': 'web',
      },
    });
    // The rest is the same as without: one way to make a group.
    const plain = memberOptions('katabot', pod, web, { ...settings, runtime: 'kata' });
    expect({ ...member, HostConfig: { ...member.HostConfig, Annotations: undefined } }).toEqual({
      ...plain,
      HostConfig: { ...plain.HostConfig, Annotations: undefined },
    });
  });

  test('a sandbox in a network that it joins: with an address there, its names, and nothing published', () => {
    const { group: joining } = readGroup(PRIVATE);
    if (!joining) throw new Error('no group');
    const joined = { ...pod, group: joining, address: '10.50.0.7', subnet: '' };
    const made = { image: 'katabot/sandbox:1', runtime: 'runc', traits: { annotations: false } };
    const options = sandboxOptions('katabot', joined, { ...made, networks: [BACKEND] });
    expect(options).toMatchObject({
      ExposedPorts: {},
      HostConfig: {
        NetworkMode: 'katabot.office.backend',
        PortBindings: {},
        Dns: ['10.50.0.53'],
        DnsSearch: ['corp.example.com'],
        DnsOptions: ['ndots:2', 'rotate'],
      },
      NetworkingConfig: {
        EndpointsConfig: {
          'katabot.office.backend': {
            IPAMConfig: { IPv4Address: '10.50.0.7', LinkLocalIPs: ['169.254.169.254'] },
            Aliases: ['shop', 'shop.backend'],
          },
        },
      },
    });
    const existing = { ...BACKEND, driver: 'existing' as const, external: 'lan' };
    expect(sandboxOptions('katabot', joined, { ...made, networks: [existing] }).HostConfig?.NetworkMode).toBe(
      'lan',
    );
    expect(() => sandboxOptions('katabot', joined, made)).toThrow(
      expect.objectContaining({ code: 'network-unknown' }),
    );
    // Where the engine's own resolver cannot be reached, a file says all of it.
    const machine = sandboxOptions('katabot', joined, {
      ...made,
      networks: [BACKEND],
      ownResolverFile: '/v/resolv.conf',
    });
    expect(machine.HostConfig).not.toHaveProperty('Dns');
    expect(machine.HostConfig?.Mounts?.at(-1)).toMatchObject({
      Source: '/v/resolv.conf',
      Target: '/etc/resolv.conf',
    });
    expect(joining.dnsConfig && resolvConf(joining.dnsConfig)).toBe(
      'nameserver 10.50.0.53\nsearch corp.example.com\noptions ndots:2 rotate\n',
    );
  });

  test.each([
    [BACKEND, { 'com.docker.network.bridge.name': 'kbt-30f88851580' }],
    [
      { ...BACKEND, driver: 'macvlan' as const, parent: 'eth0.50' },
      { parent: 'eth0.50', macvlan_mode: 'bridge' },
    ],
    [
      { ...BACKEND, driver: 'ipvlan' as const, parent: 'eth0' },
      { parent: 'eth0', ipvlan_mode: 'l2' },
    ],
  ])('a network of the settings, which belongs to no group: %j', (network, options) => {
    expect(namedNetworkOptions('katabot', network)).toEqual({
      Name: 'katabot.office.backend',
      Driver: network.driver,
      CheckDuplicate: true,
      Options: options,
      IPAM: { Driver: 'default', Config: [{ Subnet: '10.50.0.0/24', Gateway: '10.50.0.1' }] },
      Labels: { 'katabot.network': 'katabot' },
    });
  });

  test('secrets in memory, scratch on the disk, one network of its own', () => {
    const driven = (volume: string) =>
      volumeOptions('katabot', pod, volume, { engineFolder: '/var/lib/docker', shares: AZURE_SHARES })
        .DriverOpts;
    expect(driven('store')).toMatchObject({ type: 'tmpfs' });
    expect(driven('web.environment')).toMatchObject({ type: 'tmpfs' });
    expect(driven('scratch')).toEqual({});
    expect(networkOptions('katabot', pod)).toMatchObject({
      Name: 'katabot.production.shop.r3',
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: '198.18.0.128/28' }] },
    });
  });
});

describe('what a security context is for the engine', () => {
  const asked = (securityContext: object, user = '') => {
    const { User, HostConfig = {} } = memberOptions(
      'katabot',
      pod,
      { ...side, securityContext } as typeof side,
      { ...settings, defaults: { ...settings.defaults, user } },
    );
    const { CapAdd, CapDrop, SecurityOpt, MaskedPaths, ReadonlyPaths, Privileged } = HostConfig;
    const all = { User, CapAdd, CapDrop, SecurityOpt, MaskedPaths, ReadonlyPaths, Privileged };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  };
  const encoded = (profile: object) => Buffer.from(JSON.stringify(profile, null, 2)).toString('base64');

  test.each([
    ['nothing that is said', {}, {}],
    ['a user', { runAsUser: 1000 }, { User: '1000' }],
    ['a user and a group', { runAsUser: 0, runAsGroup: 7 }, { User: '0:7' }],
    ['no way up', { allowPrivilegeEscalation: false }, { SecurityOpt: ['no-new-privileges'] }],
    ['every way up', { allowPrivilegeEscalation: true }, {}],
    [
      'capabilities in any spelling',
      { capabilities: { add: ['cap_net_bind_service', 'CHOWN'], drop: ['all'] } },
      { CapAdd: ['NET_BIND_SERVICE', 'CHOWN'], CapDrop: ['ALL'] },
    ],
    [
      'a profile, on one line',
      { seccompProfile: encoded({ defaultAction: 'SCMP_ACT_ALLOW' }) },
      { SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'] },
    ],
    [
      'every right, and none of the host’s devices',
      { privileged: true },
      {
        CapAdd: ['ALL'],
        SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
        MaskedPaths: [],
        ReadonlyPaths: [],
      },
    ],
  ])('%s', (_, context, options) => expect(asked(context)).toEqual(options));

  test('a group alone leaves the user of the image', () => {
    expect(asked({ runAsGroup: 7 }, 'web:web')).toEqual({ User: 'web:7' });
    expect(asked({ runAsGroup: 7 })).toEqual({ User: '0:7' });
  });
});

describe('what the engine answers', () => {
  const inspected = (name: string, labels: Record<string, string>, state: object): ContainerInspectInfo =>
    JSON.parse(
      JSON.stringify({
        Id: name,
        Created: '2026-01-01T00:00:01.5Z',
        Image: 'sha256:1',
        Config: {
          Labels: {
            'katabot.group': 'production/shop',
            'katabot.pod': 'katabot.production.shop.r3',
            ...labels,
          },
        },
        State: {
          Status: 'running',
          Running: true,
          StartedAt: '2026-01-01T00:00:02Z',
          FinishedAt: '0001-01-01T00:00:00Z',
          ExitCode: 0,
          OOMKilled: false,
          Error: '',
          ...state,
        },
      }),
    );

  test('becomes groups, pods and members, in the engine’s own times', () => {
    const sandbox = inspected(
      's',
      {
        'katabot.role': 'sandbox',
        'katabot.fingerprint': 'p',
        'katabot.address': '127.20.0.9',
        'katabot.metered-from': '1767225600000',
      },
      {},
    );
    const member = inspected(
      'm',
      {
        'katabot.role': 'member',
        'katabot.container': 'web',
        'katabot.revision': '5',
        'katabot.fingerprint': 'w',
      },
      {
        Status: 'exited',
        Running: false,
        FinishedAt: '2026-01-01T00:00:09.25Z',
        ExitCode: 137,
        OOMKilled: true,
      },
    );
    const pods = groupsFrom([member, sandbox], []).get('production/shop')?.pods;
    const HostConfig = { PortBindings: { '53/udp': [{ HostIp: '2001:db8::7', HostPort: '20001' }] } };
    const bound = groupsFrom([Object.assign({}, sandbox, { HostConfig })], []).get('production/shop')?.pods;
    expect(bound?.[0]?.published).toEqual([
      { address: '2001:db8::7', protocol: 'UDP', port: 53, hostPort: 20_001 },
    ]);
    expect(pods).toEqual([
      {
        id: 'katabot.production.shop.r3',
        revision: 3,
        fingerprint: 'p',
        state: 'running',
        sandboxId: 's',
        address: '127.20.0.9',
        published: [],
        createdAtMs: Date.parse('2026-01-01T00:00:01.500Z'),
        meteredFromMs: 1_767_225_600_000,
        members: [
          {
            id: 'm',
            name: 'web',
            init: false,
            revision: 5,
            fingerprint: 'w',
            gpus: [],
            image: 'sha256:1',
            state: 'exited',
            startedAtMs: Date.parse('2026-01-01T00:00:02Z'),
            finishedAtMs: Date.parse('2026-01-01T00:00:09.250Z'),
            exitCode: 137,
            outOfMemory: true,
            changed: [],
            error: '',
          },
        ],
      },
    ]);
  });

  test('shows a pod of which only a network is left', () => {
    const labels = { 'katabot.group': 'production/shop', 'katabot.pod': 'katabot.production.shop.r3' };
    expect(groupsFrom([], [{ labels }]).get('production/shop')?.pods).toMatchObject([
      { state: 'absent', sandboxId: '' },
    ]);
  });
});

test('routes of a host are read as its kernel writes them', () => {
  const lines = [
    '== /proc/net/route',
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'tun0\t0000120A\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0',
    '',
    '== hypervisor',
    'KVMKVMKVM',
  ];
  expect(routesIn(lines)).toEqual([
    { range: '172.17.0.0/16', link: 'eth0' },
    { range: '10.18.0.0/15', link: 'tun0' },
  ]);
  expect(routesIn(['nothing'])).toEqual([]);
});

describe('the engine’s refusals', () => {
  const said = (message: string, statusCode = 500) =>
    causeOf({ statusCode, json: { message } }, 'to start web');

  test.each([
    [
      'driver failed programming external connectivity: Bind for 127.20.0.1:80 failed: port is already allocated',
      'port-taken',
      '127.20.0.1:80',
    ],
    ['listen tcp4 127.20.0.1:80: bind: address already in use', 'port-taken', '127.20.0.1:80'],
    ['listen tcp4 203.0.113.9:80: bind: cannot assign requested address', 'address-missing', '203.0.113.9'],
    [
      'OCI runtime create failed: exec: "nginx": executable file not found in $PATH: unknown',
      'command-not-found',
      'nginx',
    ],
    [
      'OCI runtime create failed: exec: "/etc/passwd": permission denied: unknown',
      'command-not-executable',
      '/etc/passwd',
    ],
    ['exec /app: exec format error', 'wrong-architecture', ''],
    ['Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available', 'no-capacity', '2 CPUs'],
    ['write /var/lib/docker/tmp: no space left on device', 'disk-full', ''],
    ['Pool overlaps with other one on this address space', 'network-overlap', ''],
    ['Unknown runtime specified kata', 'runtime-missing', 'kata'],
    ['something nobody has heard of', 'engine-refused', 'something nobody has heard of'],
  ])('%s', (message, code, named) => {
    const failure = said(message);
    expect(failure).toMatchObject({ code, advice: expect.stringMatching(/\S/) });
    expect(failure.message).toContain(named);
  });

  test.each([
    ['Address already in use', 'private-address-taken'],
    ['failed to set up container networking: Address already in use', 'private-address-taken'],
    ["Invalid address 10.9.0.7: It does not belong to any of this network's subnets", 'network-unfit'],
    [
      'user specified IP address is supported only when connecting to networks with user configured subnets',
      'network-unfit',
    ],
  ])('of a private address: %s', (message, code) => {
    const error = { statusCode: 500, json: { message } };
    const joint = { named: BACKEND };
    expect(addressCause(error, joint, '10.50.0.7')).toMatchObject({
      code,
      message: expect.stringContaining('10.50.0.7'),
      advice: expect.stringMatching(/\S/),
    });
    expect(addressCause(error, {}, '')).toBe(error);
  });

  test('a connection that breaks means that the engine is away', () => {
    const broken = Object.assign(new Error('connect ECONNREFUSED /var/run/docker.sock'), {
      code: 'ECONNREFUSED',
    });
    expect(causeOf(broken, 'to look')).toMatchObject({ code: 'engine-unreachable' });
  });
});

describe('names of images', () => {
  test.each([
    ['nginx', 'docker.io', true],
    ['nginx:latest', 'docker.io', true],
    ['nginx:1.29', 'docker.io', false],
    ['acme/web:1', 'docker.io', false],
    ['registry.example.com/a/b', 'registry.example.com', true],
    ['localhost/a:1', 'localhost', false],
    ['127.0.0.1:5000/a:1', '127.0.0.1:5000', false],
    ['a@sha256:00', 'docker.io', false],
  ])('%s comes from %s', (image, registry, latest) => {
    expect([registryOf(image), isLatest(image)]).toEqual([registry, latest]);
  });

  test('progress is told a tenth at a time, over all layers', () => {
    const told: number[] = [];
    const hear = layerProgress((percent) => told.push(percent));
    for (let current = 0; current <= 100; current += 5) {
      hear({ id: 'a', status: 'Downloading', progressDetail: { current, total: 100 } });
      hear({ id: 'b', status: 'Downloading', progressDetail: { current, total: 300 } });
    }
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(new Set(told).size).toBe(told.length);
    expect(told.every((percent) => percent % 10 === 0)).toBe(true);
  });
});

describe('log frames', () => {
  const frame = (stream: 1 | 2, text: string) => {
    const body = Buffer.from(text);
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(body.length, 4);
    return Buffer.concat([head, body]);
  };
  const wire = Buffer.concat([
    frame(1, '2026-01-01T00:00:00.000000001Z first\n'),
    frame(2, '2026-01-01T00:00:00.000000002Z oops\n2026-01-01T00:00:00.000000003Z half '),
    frame(1, '2026-01-01T00:00:00.000000004Z grün\r\n'),
    frame(2, 'done\n'),
    frame(1, '2026-01-01T00:00:00.000000005Z no end'),
  ]);
  const read = (chunks: Buffer[]) => {
    const lines = new LineAssembler('web');
    return [...chunks.flatMap((chunk) => [...lines.take(chunk)]), ...lines.rest()].map(
      ({ stream, text }) => `${stream}: ${text}`,
    );
  };
  const whole = ['stdout: first', 'stderr: oops', 'stdout: grün', 'stderr: half done', 'stdout: no end'];

  test('become lines', () => expect(read([wire])).toEqual(whole));

  test('become the same lines wherever they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(wire.length), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), wire.length];
        const chunks = places.slice(1).map((end, index) => wire.subarray(places[index], end));
        expect(read(chunks)).toEqual(whole);
      }),
    );
  });

  test('without an end do not fill the memory', () => {
    const lines = new LineAssembler('web');
    const given = [...lines.take(frame(1, 'x'.repeat(200_000))), ...lines.rest()];
    expect(given.map(({ text }) => text.length)).toEqual([65_536, 65_536, 65_536, 3_392]);
  });
});

describe('the program that only waits', () => {
  test.each([
    ['x86_64', 62, 129],
    ['aarch64', 183, 148],
  ])('for %s is a whole ELF file', (architecture, machine, length) => {
    const bytes = Buffer.from(waitingProgram(architecture));
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('\u007fELF');
    expect([bytes.readUInt16LE(18), bytes.length]).toEqual([machine, length]);
    expect(bytes.readBigUInt64LE(24)).toBe(0x400000n + 120n); // it begins right after the headers
  });

  test('is not guessed for another processor', () =>
    expect(() => waitingProgram('riscv64')).toThrow('riscv64'));
});
