/** What proves isolation and what does not: answers of Kata hosts as they would be, and real ones of runc and gVisor. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type Docker from 'dockerode';
import { systemClock } from '../../../src/clock.ts';
import { parseSettings } from '../../../src/config.ts';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { type GuestView, guestFrom, judge, type Sighting } from '../../../src/engines/docker/isolation.ts';
import { lookOptions } from '../../../src/engines/docker/look.ts';
import { tooOldForMachines, traitsOf } from '../../../src/engines/docker/traits.ts';
import type { Engine, Isolation, Pod } from '../../../src/engines/index.ts';
import { readGroup } from '../../../src/spec/index.ts';
import { engineContract } from '../../contracts/engine.ts';
import { connect } from '../../world/docker.ts';
import { buildImages } from '../../world/images.ts';
import { find, installPackages, startPrivateEngine } from '../../world/private-engine.ts';
import { stopPrivateEngine } from '../../world/private-engine-stop.ts';

const SANDBOX = 'a1b2c3d4e5f60718293a4b5c6d7e8f901122334455667788990011223344aabb';
const HOST_KERNEL = '6.1.0-28-amd64';
const KATA: GuestView = {
  kernel: '6.18.1',
  version: 'Linux version 6.18.1 (builder@kata) (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC',
  boot: '0b5c5ee2-8f6e-4f5c-9f0e-6a34c5a3b7aa',
  interfaces: ['eth0'],
};
const GVISOR: GuestView = {
  kernel: '4.4.0',
  version: 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016',
  boot: '',
  interfaces: ['eth0'],
};
const QEMU =
  `/opt/kata/bin/qemu-system-x86_64 -name sandbox-${SANDBOX},debug-threads=on -uuid 5d2c -machine ` +
  'q35,accel=kvm,kernel_irqchip=split -cpu host,pmu=off -m 2048M,slots=10,maxmem=128G';

function sighting(changes: Partial<Sighting> = {}): Sighting {
  return {
    sandboxId: SANDBOX,
    hostKernel: HOST_KERNEL,
    processes: [QEMU],
    guests: [KATA],
    otherBoots: new Set(),
    ...changes,
  };
}

describe('a group in a virtual machine', () => {
  test('is isolated by a hypervisor when host and guest agree on it', () => {
    expect(judge(sighting())).toEqual({
      level: 'hypervisor',
      saw: 'QEMU with KVM for this group alone, a kernel 6.18.1 that is not the host’s 6.1.0-28-amd64',
    });
  });

  test.each([
    ['cloud-hypervisor', `/opt/kata/bin/cloud-hypervisor --api-socket /run/vc/vm/${SANDBOX}/clh-api.sock`],
    ['firecracker', `/opt/kata/bin/firecracker --api-sock /run/vc/firecracker/${SANDBOX}/root/api.socket`],
  ])('is so under %s as well', (_, line) => {
    expect(judge(sighting({ processes: [line] })).level).toBe('hypervisor');
  });

  test.each<[string, Partial<Sighting>, RegExp]>([
    [
      'its program runs on the host’s kernel',
      { guests: [{ ...KATA, kernel: HOST_KERNEL }] },
      /host’s own kernel/,
    ],
    ['one of its containers does', { guests: [KATA, { ...KATA, kernel: HOST_KERNEL }] }, /host’s own kernel/],
    ['nothing answers from inside', { guests: [] }, /nothing could be seen/],
    ['the kernel does not say its name', { guests: [{ ...KATA, kernel: '' }] }, /nothing could be seen/],
    ['the host sees the program itself', { processes: ['/wait'] }, /no virtual machine monitor/],
    ['the host sees nothing', { processes: [] }, /no virtual machine monitor/],
    [
      'a program calls itself qemu',
      { processes: ['my-qemu-system-x86_64 -enable-kvm'] },
      /no virtual machine/,
    ],
    ['the machine is another sandbox’s', { processes: [QEMU.replace(SANDBOX, 'f00d')] }, /somebody else/],
    ['the processor is emulated', { processes: [QEMU.replace('accel=kvm', 'accel=tcg')] }, /without KVM/],
    ['there are two processes', { processes: [QEMU, QEMU] }, /2 processes/],
    [
      'its containers are in two machines',
      { guests: [KATA, { ...KATA, boot: 'other' }] },
      /not in one virtual/,
    ],
    ['it shows no boot', { guests: [{ ...KATA, boot: '' }] }, /not in one virtual/],
    ['another group has the same boot', { otherBoots: new Set([KATA.boot]) }, /another group/],
  ])('is not when %s', (_, changes, why) => {
    const { level, saw } = judge(sighting(changes));
    expect(level).toBe('none');
    expect(saw).toMatch(why);
  });
});

describe('a group whose memory is to be kept from its host', () => {
  const machine = 'q35,accel=kvm,confidential-guest-support=sev0';
  const SNP = `${QEMU.replace('q35,accel=kvm', machine)} -object sev-snp-guest,id=sev0,cbitpos=51,policy=196608`;
  const TDX = `${QEMU.replace('q35,accel=kvm', machine)} -object {"qom-type":"tdx-guest","id":"sev0"}`;

  test.each<['sev-snp' | 'tdx', string, string]>([
    ['sev-snp', SNP, 'hypervisor'],
    ['tdx', TDX, 'hypervisor'],
    ['tdx', SNP, 'none'],
    ['sev-snp', QEMU, 'none'],
    ['sev-snp', SNP.replace('confidential-guest-support', 'x'), 'none'],
    ['sev-snp', SNP.replace('accel=kvm', 'accel=tcg'), 'none'],
    ['sev-snp', `/opt/kata/bin/cloud-hypervisor --api-socket /run/vc/vm/${SANDBOX}/clh-api.sock`, 'none'],
  ])('by %s is seen to be so, or is not: %s', (tee, line, level) => {
    const seen = judge(sighting({ tee, processes: [line] }));
    expect(seen.level).toBe(level);
    expect(seen.saw).toMatch(/its memory kept from the host|was not told to keep|without KVM/);
  });

  test('has a place in the settings where groups run in virtual machines', () => {
    const settings = (isolation: string) =>
      parseSettings(
        JSON.stringify({ locations: { safe: { isolation, runtime: 'kata-snp', tee: 'sev-snp' } } }),
        'k',
      );
    expect(settings('hypervisor').locations['safe']?.tee).toBe('sev-snp');
    expect(() => settings('sandbox')).toThrow('only a virtual machine can keep its memory from the host');
  });
});

describe('a group in gVisor', () => {
  test('is in a sandbox, whatever the host sees', () => {
    expect(judge(sighting({ guests: [GVISOR], processes: ['/sbin/init'] }))).toEqual({
      level: 'sandbox',
      saw: 'gVisor’s kernel 4.4.0 between its programs and the host’s 6.1.0-28-amd64',
    });
  });

  test('is not when only some of its containers are', () => {
    expect(judge(sighting({ guests: [GVISOR, KATA] })).level).toBe('none');
  });
});

test('what the program prints is read, with what is missing left empty', () => {
  const lines = [
    '== /proc/version',
    'Linux version 6.18.1 (builder@kata)',
    '',
    '== /proc/net/dev',
    'Inter-|   Receive',
    ' face |bytes    packets',
    '    lo: 1 2 3',
    '  eth0: 4 5 6',
    '== hypervisor',
    'KVMKVMKVM',
  ];
  expect(guestFrom(lines)).toEqual({ kernel: '6.18.1', version: lines[1], boot: '', interfaces: ['eth0'] });
  expect(guestFrom([])).toEqual({ kernel: '', version: '', boot: '', interfaces: [] });
});

describe('what differs between hosts', () => {
  test.each([
    [1.41, undefined, false],
    [1.42, {}, false],
    [1.43, {}, true],
    [1.51, { path: 'runc' }, true],
    [1.51, { path: '/usr/bin/runsc' }, false],
  ])('with API %d and the runtime %j, annotations: %p', (api, runtime, annotations) => {
    expect(traitsOf({ api, runtime })).toEqual({ annotations });
  });

  test('no engine before 25 puts a group into a virtual machine', () => {
    expect(tooOldForMachines(1.43, '24.0.9')).toMatch(/Docker Engine 24\.0\.9 .* 25 or newer/);
    expect(tooOldForMachines(1.44, '25.0.0')).toBeUndefined();
  });

  test('who looks joins the sandbox by annotation, with nothing that it could do', () => {
    const making = {
      runtime: 'kata',
      traits: { annotations: true },
      image: 'katabot/sandbox:1',
      owner: 'katabot',
    };
    expect(lookOptions(making, { name: 'x.look', pod: 'x', sandboxId: SANDBOX })).toMatchObject({
      Labels: { 'katabot.pod': 'x', 'katabot.look': 'katabot' },
      HostConfig: {
        Runtime: 'kata',
        NetworkMode: `container:${SANDBOX}`,
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        Annotations: {
          'io.kubernetes.cri.container-type': 'container',
          'io.kubernetes.cri.sandbox-id': SANDBOX,
        },
      },
    });
  });
});

describe('on a real engine', () => {
  let folder: string;
  let docker: Docker;

  beforeAll(async () => {
    if (!find('runsc')) installPackages(['runsc']);
    const runtimes = {
      gvisor: { path: find('runsc') ?? '', runtimeArgs: ['--network=host'] },
      kata: { path: find('runc') ?? '' },
    };
    // It would set up anew what keeps the groups of the other engine apart.
    folder = await startPrivateEngine({ runtimes, flags: ['--iptables=false'] });
    docker = connect(`unix://${folder}/docker.sock`);
    await buildImages(docker);
  }, 120_000);

  afterAll(() => stopPrivateEngine(folder));

  const engineWith = (runtime: string, isolation: Isolation): Engine =>
    createDockerEngine(
      {
        way: { engine: `unix://${folder}/docker.sock` },
        folder: '',
        owner: `look-${runtime}`,
        runtime,
        isolation,
        stopGraceSeconds: 1,
      },
      systemClock,
    );
  const signal = () => AbortSignal.timeout(60_000);
  const everything = async () =>
    (await docker.listContainers({ all: true })).map(({ Names }) => Names[0] ?? '').sort();

  test('gVisor is recognised as a sandbox, on the host and for a group, and leaves nothing behind', async () => {
    const engine = engineWith('gvisor', 'sandbox');
    const facts = await engine.describe(signal());
    expect([facts.isolation, facts.isolationSaw]).toEqual([
      'sandbox',
      expect.stringMatching(/gVisor’s kernel 4\.4\.0/),
    ]);
    expect(await everything()).toEqual([]);
    const told = await bringUp(engine, 'gvisor');
    expect(told).toEqual([expect.objectContaining({ kind: 'isolation', level: 'sandbox' })]);
    const observed = (await engine.observe(signal())).get('production/gvisor');
    expect(observed?.pods[0]?.members.map(({ name }) => name)).toEqual(['main']);
    await remove(engine, 'gvisor');
    expect(await everything()).toEqual([]);
  }, 60_000);

  test('a runtime that is called kata and is runc is caught before anything of the group runs', async () => {
    const engine = engineWith('kata', 'sandbox');
    const facts = await engine.describe(signal());
    expect(facts.isolation).toBe('none');
    expect(facts.isolationSaw).toMatch(/host’s own kernel/);
    const told = bringUp(engine, 'kata');
    await expect(told).rejects.toMatchObject({ code: 'isolation-missing' });
    await expect(told).rejects.toThrow(/\(sandbox\): its programs run on the host’s own kernel/);
    expect(await everything()).toEqual([]);
    expect(await docker.listNetworks({ filters: { label: ['katabot.owner=look-kata'] } })).toEqual([]);
  }, 60_000);

  test('an engine that is too old for virtual machines is said to be', async () => {
    const { api, isolation, isolationSaw } = await engineWith('kata', 'hypervisor').describe(signal());
    // Where the machine's own engine is newer, it is looked at instead.
    const saw = api < 1.44 ? /takes 25 or newer/ : /host’s own kernel/;
    expect([isolation, isolationSaw]).toEqual(['none', expect.stringMatching(saw)]);
  });

  test('where nothing is required, nothing is looked at', async () => {
    const engine = engineWith('runc', 'none');
    expect(await engine.describe(signal())).toMatchObject({ isolation: 'none', isolationSaw: '' });
    expect(await bringUp(engine, 'runc')).toEqual([]);
    await remove(engine, 'runc');
  }, 60_000);

  test('a sandbox is looked at before it waits, and its group is told what was seen', async () => {
    const place = (id: string, name: string) => ({
      id,
      size: { vcpuMilli: 100, memoryGbTenths: 1, ports: [] },
      subnet: podOf(name).subnet,
      published: [],
    });
    const engine = engineWith('gvisor', 'sandbox');
    await engine.standby.prepare(place('looked', 'gvisor'), signal());
    expect(await engine.standby.list(signal())).toMatchObject([{ id: 'looked', ready: true }]);
    // A bot that begins has not looked yet.
    expect(await engineWith('gvisor', 'sandbox').standby.list(signal())).toMatchObject([{ ready: false }]);
    expect(await bringUp(engine, 'gvisor')).toMatchObject([{ kind: 'isolation', level: 'sandbox' }]);
    await remove(engine, 'gvisor');
    const liar = engineWith('runc', 'sandbox');
    await expect(liar.standby.prepare(place('shared', 'runc'), signal())).rejects.toMatchObject({
      code: 'isolation-missing',
    });
    expect(await liar.standby.list(signal())).toEqual([]);
  }, 120_000);

  // The members of a group share the network of their sandbox, which gVisor leaves to the host.
  engineContract(
    'what every engine does, with gVisor',
    async () => ({
      open: async () => engineWith('gvisor', 'none'),
      networks: '198.18.34',
      addresses: '127.38.2',
    }),
    [
      {
        because:
          'with the host’s network its blocking reads end with EAGAIN: busybox’s own httpd and wget cannot speak',
        cases: [
          'members share one localhost, and a port that is not published can be dialled',
          'a group in a sandbox that waited is reached as any other',
        ],
      },
      {
        because: 'the engine’s own doing, whatever the runtime: seen with runc',
        cases: [
          'a step that is repeated finds its own work',
          'one address has one port space',
          'logs are those of one member or of all, and the last of them',
          'no shell reads the words of a program',
          'a sandbox that waits and does not fit makes room for one that does',
          'a sandbox that waits ends first and goes then',
          'a bot that starts anew sees the same groups by what is written on them',
        ],
      },
    ],
  );

  async function bringUp(engine: Engine, name: string) {
    const told: unknown[] = [];
    const context = {
      signal: signal(),
      report: async (fact: { kind: string }) => {
        if (fact.kind === 'isolation') told.push(fact);
      },
    };
    const { images = {} } = await engine.apply({ kind: 'pull', pod: podOf(name) }, context);
    const pod = { ...podOf(name), images };
    await engine.apply({ kind: 'create-sandbox', pod }, context);
    const sandboxId = (await engine.observe(signal())).get(pod.key)?.pods[0]?.sandboxId ?? '';
    await engine.apply({ kind: 'start-members', pod, sandboxId, containers: ['main'] }, context);
    return told;
  }

  async function remove(engine: Engine, name: string) {
    const podId = `look-${name}.production.${name}.r1`;
    const step = { kind: 'remove', key: podOf(name).key, podId, keepVolumes: false } as const;
    await engine.apply(step, { signal: signal(), report: async () => {} });
  }
});

function podOf(name: string): Pod {
  const { group } = readGroup(`
name: ${name}
properties:
  osType: Linux
  containers:
  - name: main
    properties:
      image: katabot/busybox:1
      command: [sleep, '600']
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
`);
  if (!group) throw new Error('no group');
  return {
    key: `production/${name}`,
    revision: 1,
    podRevision: 1,
    group,
    origin: { repository: 'shop', commit: 'c0ffee', path: 'containergroup.yaml' },
    fingerprint: 'print',
    memberFingerprints: { main: 'main-print' },
    address: '',
    published: [],
    subnet: { gvisor: '198.19.4.0/28', kata: '198.19.4.16/28', runc: '198.19.4.32/28' }[name] ?? '',
    gpus: {},
    images: {},
  };
}
