/** What was seen of a host, and what `doctor` makes of it. */
import { expect, test } from '@jest/globals';
import { type Examined, hostFindings } from '../../src/commands/host-findings.ts';
import type { EngineFacts, Survey } from '../../src/engines/index.ts';
import type { Machine } from '../../src/engines/survey.ts';
import { poolsFrom } from '../../src/network/index.ts';

const FACTS: EngineFacts = {
  version: '28.5.1',
  api: 1.44,
  cpus: 16,
  memoryBytes: 64 * 2 ** 30,
  operatingSystem: 'Linux',
  architecture: 'x86_64',
  isolation: 'hypervisor',
  isolationSaw: 'QEMU with KVM',
  runtime: 'kata',
  skewMs: 3,
  overheadBytes: 0,
};
const MACHINE = {
  shmBytes: 60 * 2 ** 30,
  kvm: 'works' as const,
  vfioGroups: 0,
  nvidiaDevices: 0,
  propagates: true,
};
const SURVEY: Survey = {
  newestApi: 1.51,
  system: 'Debian GNU/Linux 12 (bookworm), kernel 6.1.0',
  storage: 'overlay2, cgroups v2',
  runtimes: ['runc', 'kata'],
  outlivesEngine: true,
  complaints: [],
  cdiFolders: ['/etc/cdi', '/var/run/cdi'],
  cdiDevices: [],
  machine: MACHINE,
};

interface Differs {
  readonly facts?: Partial<EngineFacts>;
  readonly survey?: Partial<Survey>;
  readonly machine?: Partial<Machine>;
  readonly required?: Examined['required'];
  /** Ids of the GPUs that its settings hand out. */
  readonly gpus?: readonly string[];
  readonly addresses?: string;
}

function findings({
  facts = {},
  survey = {},
  machine = {},
  required = 'hypervisor',
  gpus = [],
  addresses = '203.0.113.0/28',
}: Differs = {}) {
  const pools = poolsFrom({ addresses, networks: '198.18.0.0/15', ports: '20000-29999' });
  return hostFindings({
    host: {
      name: 'one',
      location: 'office',
      pools,
      gpus: gpus.map((id) => ({ id, sku: 'H200', model: '' })),
    },
    required,
    facts: { ...FACTS, ...facts },
    survey: { ...SURVEY, machine: { ...MACHINE, ...machine }, ...survey },
  });
}

test('a host with all that it needs is told with what it has', () => {
  expect(findings().map(({ name, state, text }) => `${name} ${state}: ${text}`)).toEqual([
    'one fine: engine 28.5.1, API 1.44 (of 1.51), Linux x86_64 (Debian GNU/Linux 12 (bookworm), kernel 6.1.0), runtime kata',
    'one fine: 16 processors, 64.0 GB of memory, 60.0 GB of /dev/shm, overlay2, cgroups v2, groups outlive a restart of the engine',
    'one fine: isolation: hypervisor (QEMU with KVM)',
    'one fine: no GPU',
    'one fine: clock differs by 3 ms',
  ]);
});

test('a host of Windows is told with less, for nothing of the bot’s own runs there; it hands out one address', () => {
  const facts = {
    operatingSystem: 'Windows',
    runtime: 'hyperv',
    isolationSaw: 'Hyper-V, asked for with each group',
    publishesEverywhere: true,
  } as const;
  const survey = { machine: 'on Windows there is nothing to look at', storage: 'windowsfilter' };
  const told = (addresses: string) =>
    findings({ facts, survey, addresses }).map(({ state, text }) => [state, text]);
  const always = [
    ['fine', expect.stringContaining('Windows x86_64')],
    ['fine', expect.stringMatching(/^16 processors, 64\.0 GB of memory, windowsfilter/)],
    ['fine', 'isolation: hypervisor (Hyper-V, asked for with each group)'],
  ];
  const clock = ['fine', 'clock differs by 3 ms'];
  expect(told('203.0.113.7')).toEqual([...always, clock]);
  const several = [
    'broken',
    'publishes ports at all of its addresses at once, and its settings hand out several: every deploy is refused',
  ];
  expect(told('203.0.113.0/28')).toEqual([...always, several, clock]);
  expect(told('2001:db8::7')).toEqual([...always, several, clock]);
});

const BACKEND = { network: 'backend', subnet: '10.50.0.0/24', link: 'kbt-30f88851580' };

test('routes to the groups’ own bridges, and to what is elsewhere, are no clash', () => {
  const routes = [
    { range: '198.18.0.16/28', link: 'br-0123456789ab' },
    { range: '10.50.0.0/24', link: 'kbt-30f88851580' },
    { range: '10.51.0.0/16', link: 'eth0' },
  ];
  const told = findings({ survey: { bridges: [BACKEND], apart: true }, machine: { routes } });
  expect(told.map(({ state }) => state)).not.toContain('warning');
  expect(told.map(({ text }) => text)).toContain('groups of one network do not reach those of another');
});

test.each<[string, Differs, 'broken' | 'warning' | 'fine', RegExp, RegExp]>([
  [
    'networks that are not kept apart',
    { survey: { apart: false } },
    'broken',
    /groups of one network reach those of another/,
    /--iptables=false.*restart this one/,
  ],
  [
    'networks at which nobody could look',
    { survey: { apart: 'no space' } },
    'warning',
    /could see whether its networks are kept apart: no space/,
    /looks again/,
  ],
  [
    'a route into the range of the groups’ networks',
    { machine: { routes: [{ range: '198.18.4.0/24', link: 'tun0' }] } },
    'warning',
    /route to 198\.18\.4\.0\/24 by tun0 and the range 198\.18\.0\.0\/15 \(bridges\)/,
    /Give bridges a range that is free/,
  ],
  [
    'a route into a network that groups join',
    { survey: { bridges: [BACKEND] }, machine: { routes: [{ range: '10.0.0.0/8', link: 'wg0' }] } },
    'warning',
    /route to 10\.0\.0\.0\/8 by wg0.*networks\.backend/,
    /Give networks\.backend a range/,
  ],
  [
    'an engine that lets in what is routed to a private network',
    { facts: { version: '20.10.24' }, survey: { bridges: [BACKEND] } },
    'warning',
    /lets in whoever routes packets/,
    /PREROUTING ! -i kbt-30f88851580 -d 10\.50\.0\.0\/24 -j DROP/,
  ],
  [
    'a runtime that it does not have',
    { survey: { runtimes: ['runc'] } },
    'broken',
    /has no runtime kata.*it has runc/,
    /Install Kata Containers 3.*daemon\.json/,
  ],
  [
    'less isolation than is required',
    { facts: { isolation: 'none', isolationSaw: 'runc' } },
    'broken',
    /requires hypervisor.*shows none/,
    /locations\.office\.isolation: none/,
  ],
  [
    'no KVM where virtual machines are required',
    { machine: { kvm: 'missing' } },
    'broken',
    /no \/dev\/kvm/,
    /modprobe kvm/,
  ],
  [
    'no KVM where none are',
    { machine: { kvm: 'missing' }, required: 'none' },
    'fine',
    /cannot run groups in virtual machines/,
    /^$/,
  ],
  [
    'a /dev/kvm that lets none through',
    { machine: { kvm: 'fails' } },
    'broken',
    /its \/dev\/kvm gives no virtual machine, so it cannot run/,
    /lets it through/,
  ],
  ['KVM that nobody asks for', { required: 'sandbox' }, 'fine', /with Kata Containers it can/, /^$/],
  [
    'too little shared memory',
    { machine: { shmBytes: 64 * 2 ** 20 } },
    'warning',
    /its \/dev\/shm has 0\.1 GB of 64\.0 GB/,
    /remount/,
  ],
  [
    'mounts that others do not see',
    { machine: { propagates: false } },
    'warning',
    /do not show in other namespaces/,
    /make-rshared/,
  ],
  [
    'a machine that could not be looked at',
    { survey: { machine: 'no space' } },
    'warning',
    /could not be looked at: no space/,
    /looks again/,
  ],
  [
    'GPUs without names',
    { machine: { nvidiaDevices: 2 } },
    'warning',
    /2 NVIDIA GPUs, and no name for them in \/etc\/cdi or/,
    /nvidia-ctk cdi generate/,
  ],
  [
    'an engine that knows no names',
    { machine: { nvidiaDevices: 1 }, survey: { cdiFolders: [] } },
    'warning',
    /1 NVIDIA GPU, and an engine that knows no/,
    /Docker Engine 28\.2/,
  ],
  [
    'GPUs with names',
    { machine: { nvidiaDevices: 1 }, survey: { cdiDevices: ['nvidia.com/gpu=0'] } },
    'fine',
    /1 NVIDIA GPU, known by name as nvidia\.com\/gpu=0/,
    /^$/,
  ],
  [
    'GPUs whose names its engine does not list',
    {
      gpus: ['nvidia.com/gpu=0'],
      machine: { nvidiaDevices: 1 },
      survey: { cdiDevices: undefined },
      facts: { isolation: 'none' },
    },
    'fine',
    /1 NVIDIA GPU, by the names in \/etc\/cdi or \/var\/run\/cdi, which this engine does not list/,
    /^$/,
  ],
  [
    'a name in its settings that its engine does not know',
    {
      gpus: ['nvidia.com/gpu=0', 'nvidia.com/gpu=GPU-7'],
      machine: { nvidiaDevices: 2 },
      survey: { cdiDevices: ['nvidia.com/gpu=0', 'nvidia.com/gpu=1', 'nvidia.com/gpu=all'] },
      facts: { isolation: 'none' },
    },
    'warning',
    /its settings hand out nvidia\.com\/gpu=GPU-7, and its engine knows nvidia\.com\/gpu=0, nvidia\.com\/gpu=1/,
    /mend gpus in the settings/,
  ],
  [
    'a card for virtual machines that its engine does not know',
    { gpus: ['nvidia.com/pgpu=0'], machine: { vfioGroups: 1 }, survey: { cdiDevices: [] } },
    'warning',
    /its settings hand out nvidia\.com\/pgpu=0, and its engine knows no device by name/,
    /nvidia-ctk cdi generate/,
  ],
  [
    'a card for virtual machines',
    {
      gpus: ['nvidia.com/pgpu=0'],
      machine: { vfioGroups: 1 },
      survey: { cdiDevices: ['nvidia.com/pgpu=0'] },
    },
    'fine',
    /1 device group set aside/,
    /^$/,
  ],
  [
    'GPUs by the engine’s driver',
    {
      gpus: ['GPU-6f3f1b0e-2f6f'],
      machine: { nvidiaDevices: 1 },
      survey: { runtimes: ['runc', 'nvidia'], cdiFolders: [] },
      facts: { isolation: 'none' },
    },
    'fine',
    /1 NVIDIA GPU, handed out by the engine’s driver nvidia/,
    /^$/,
  ],
  [
    'an engine without NVIDIA’s toolkit',
    { gpus: ['0', '1'], machine: { nvidiaDevices: 2 }, facts: { isolation: 'none' } },
    'warning',
    /2 NVIDIA GPUs, and no runtime nvidia in its engine/,
    /nvidia-ctk runtime configure/,
  ],
  [
    'GPUs of the settings that are not there',
    { gpus: ['0', '1'], machine: { nvidiaDevices: 1 }, facts: { isolation: 'none' } },
    'warning',
    /its settings hand out 2 GPUs, and its machine shows 1$/,
    /nvidia-smi -L/,
  ],
  [
    'parts of one card',
    {
      gpus: ['MIG-1', 'MIG-2', 'MIG-3'],
      machine: { nvidiaDevices: 1 },
      survey: { runtimes: ['runc', 'nvidia'] },
      facts: { isolation: 'none' },
    },
    'fine',
    /1 NVIDIA GPU, handed out by/,
    /^$/,
  ],
  [
    'cards of the settings that are not set aside',
    { gpus: ['nvidia.com/pgpu=0'], machine: { nvidiaDevices: 1, vfioGroups: 0 } },
    'warning',
    /its settings hand out 1 GPU, and its machine shows 0$/,
    /gpus in the settings/,
  ],
  ['devices set aside', { machine: { vfioGroups: 3 } }, 'fine', /3 device groups set aside/, /^$/],
  ['a clock that is wrong', { facts: { skewMs: -5_000 } }, 'warning', /differs by -5\.0 s/, /NTP/],
  [
    'an engine that routes to groups',
    { facts: { version: '27.0.1' } },
    'warning',
    /engine 27\.0\.1 lets in/,
    /198\.18\.0\.0\/15/,
  ],
  [
    'a complaint of its engine',
    { survey: { complaints: ['No swap limit support'] } },
    'warning',
    /No swap limit support/,
    /not held to that limit/,
  ],
])('a host with %s is told so, with what to do', (_what, differs, state, text, advice) => {
  const found = findings(differs).find((each) => text.test(each.text));
  expect(found).toMatchObject({ state, advice: expect.stringMatching(advice) });
});
