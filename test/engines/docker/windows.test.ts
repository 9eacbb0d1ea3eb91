/** What a Windows engine is asked for, and what is read from what it says; no engine is asked here. */
import { describe, expect, test } from '@jest/globals';
import type { ContainerInspectInfo, ContainerStats } from 'dockerode';
import { groupsFrom } from '../../../src/engines/docker/observe.ts';
import { usageFrom } from '../../../src/engines/docker/usage.ts';
import {
  unfitImage,
  unlessWindows,
  wholeOptions,
  windowsIn,
  windowsIsolation,
  windowsReceipt,
} from '../../../src/engines/docker/windows.ts';
import type { Pod } from '../../../src/engines/index.ts';
import { readGroup } from '../../../src/spec/index.ts';

const { group } = readGroup(`
name: site
properties:
  osType: Windows
  ipAddress: {type: Public, ports: [{port: 80}, {port: 53, protocol: UDP}]}
  containers:
  - name: web
    properties:
      image: acme/iis:1
      command: [ServiceMonitor.exe, w3svc]
      ports: [{port: 80}, {port: 53, protocol: UDP}]
      environmentVariables: [{name: PLACE, value: here}]
      resources: {requests: {cpu: 1, memoryInGB: 2}}
`);
if (!group) throw new Error('no group');

const published = [
  { address: '203.0.113.7', protocol: 'TCP', port: 80, hostPort: 20_000 },
  { address: '203.0.113.7', protocol: 'UDP', port: 53, hostPort: 20_000 },
] as const;
const pod: Pod = {
  key: 'production/site',
  revision: 5,
  podRevision: 3,
  group,
  origin: { repository: 'site', commit: 'c0ffee', path: 'containergroup.yaml' },
  fingerprint: 'pod-print',
  memberFingerprints: { web: 'web-print' },
  address: '203.0.113.7',
  published,
  subnet: '198.18.0.128/28',
  gpus: {},
  images: { 'acme/iis:1': 'sha256:1' },
  meteredFromMs: 7,
};
const HOST = { build: 20348 };

test('a Windows engine is asked for one container behind Hyper-V, and for nothing that only Linux has', () => {
  expect(wholeOptions('katabot', pod)).toEqual({
    name: 'katabot.production.site.r3.web',
    Image: 'sha256:1',
    Entrypoint: ['ServiceMonitor.exe', 'w3svc'],
    Cmd: [],
    Env: ['PLACE=here'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Labels: {
      'katabot.owner': 'katabot',
      'katabot.group': 'production/site',
      'katabot.pod': 'katabot.production.site.r3',
      'katabot.revision': '5',
      'katabot.role': 'whole',
      'katabot.repository': 'site',
      'katabot.commit': 'c0ffee',
      'katabot.path': 'containergroup.yaml',
      'katabot.address': '203.0.113.7',
      'katabot.subnet': '198.18.0.128/28',
      'katabot.metered-from': '7',
      'katabot.pod-fingerprint': 'pod-print',
      'katabot.container': 'web',
      'katabot.fingerprint': 'web-print',
      'katabot.limits': `1000000000/${2 ** 31}`,
    },
    HostConfig: {
      Isolation: 'hyperv',
      NetworkMode: 'katabot.production.site.r3',
      RestartPolicy: { Name: 'no' },
      PortBindings: { '80/tcp': [{ HostPort: '20000' }], '53/udp': [{ HostPort: '20000' }] },
      NanoCpus: 1_000_000_000,
      Memory: 2 ** 31,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '8m', 'max-file': '2' } },
    },
  });
});

describe('the one container of a group is seen as sandbox and member', () => {
  const seen = (State: object, suffix = '') => {
    const { name, Labels, HostConfig } = wholeOptions('katabot', pod);
    // As an engine answers; what is not there is not looked at.
    const container = {
      Id: 'c1',
      Name: `/${name}${suffix}`,
      Created: '2026-01-01T00:00:00Z',
      Image: 'sha256:1',
      Config: { Labels },
      HostConfig,
      State: { Running: false, StartedAt: NEVER, FinishedAt: NEVER, ExitCode: 0, ...State },
    } as unknown as ContainerInspectInfo;
    return groupsFrom([container], []).get('production/site')?.pods[0];
  };
  const NEVER = '0001-01-01T00:00:00Z';
  const ended = {
    Status: 'exited',
    ExitCode: 3,
    StartedAt: '2026-01-01T00:00:01Z',
    FinishedAt: '2026-01-01T00:00:09Z',
  };

  test('with all that its labels say', () => {
    expect(seen({ Status: 'running', Running: true, StartedAt: ended.StartedAt })).toMatchObject({
      id: 'katabot.production.site.r3',
      revision: 3,
      fingerprint: 'pod-print',
      state: 'running',
      sandboxId: 'c1',
      address: '203.0.113.7',
      published,
      subnet: '198.18.0.128/28',
      meteredFromMs: 7,
      members: [
        { id: 'c1', name: 'web', init: false, fingerprint: 'web-print', state: 'running', changed: [] },
      ],
    });
  });

  test('that waits for its start, or for its restart, until its name says that it has ended for good', () => {
    expect(seen({ Status: 'created' })).toMatchObject({ state: 'running', members: [{ state: 'created' }] });
    expect(seen(ended)).toMatchObject({ state: 'running', members: [{ state: 'exited', exitCode: 3 }] });
    expect(seen(ended)).not.toHaveProperty('finishedAtMs');
    expect(seen(ended, '.ended')).toMatchObject({
      state: 'exited',
      finishedAtMs: Date.parse(ended.FinishedAt),
    });
    expect(seen({ Status: 'created' }, '.ended')).toMatchObject({
      state: 'exited',
      finishedAtMs: Date.parse('2026-01-01T00:00:00Z'),
    });
  });
});

test('what an engine tells of its Windows', () => {
  expect(windowsIn({ OSType: 'linux', KernelVersion: '6.1.0' })).toBeUndefined();
  expect(windowsIn({ OSType: 'windows', OSVersion: '10.0.20348.2700' })).toEqual(HOST);
  expect(windowsIn({ OSType: 'windows', KernelVersion: '10.0 20348 (20348.1.amd64fre)' })).toEqual(HOST);
  expect(windowsIn({ OSType: 'windows' })).toEqual({ build: undefined });
});

test('its word is all that is known of the isolation, and is told as such', () => {
  expect(windowsReceipt('hyperv', HOST)).toEqual({
    level: 'hypervisor',
    saw: 'Hyper-V on Windows build 20348, as its engine says; nothing was looked at from inside',
  });
  for (const said of ['process', 'default', '', undefined])
    expect(windowsReceipt(said, HOST)).toMatchObject({ level: 'none' });
  expect(windowsIsolation(HOST, undefined).level).toBe('hypervisor');
  expect(windowsIsolation(HOST, 'tdx').level).toBe('none');
});

test('no sandbox can wait there', () => {
  expect(unlessWindows({ windows: undefined })).toEqual({ windows: undefined });
  expect(() => unlessWindows({ windows: HOST })).toThrow(
    expect.objectContaining({ code: 'standby-impossible' }),
  );
});

test.each([
  ['10.0.17763.6414', 20348, undefined],
  ['10.0.20348.2700', 20348, undefined],
  ['10.0.26100.2033', undefined, undefined],
  ['', 20348, undefined],
  ['10.0.14393.7428', 20348, 'OsVersionNotSupported'],
  ['10.0.14393.7428', undefined, 'OsVersionNotSupported'],
  ['10.0.26100.2033', 20348, 'OsVersionNotSupported'],
])('an image of Windows %s on a host of build %s: %s', (osVersion, build, code) => {
  expect(unfitImage('acme/iis:1', { os: 'windows', osVersion }, { build })?.code).toBe(code);
});

test('an image of another system is none for it', () => {
  expect(unfitImage('acme/web:1', { os: 'linux', osVersion: '' }, HOST)).toMatchObject({
    code: 'ImageOsTypeNotMatchContainerGroup',
    about: { image: 'acme/web:1' },
  });
});

test('its counters are read as Windows counts', () => {
  const stats = {
    read: '2026-01-01T00:00:02Z',
    preread: '2026-01-01T00:00:00Z',
    num_procs: 4,
    cpu_stats: { cpu_usage: { total_usage: 35_000_000 } },
    precpu_stats: { cpu_usage: { total_usage: 5_000_000 } },
    memory_stats: { commitbytes: 9, privateworkingset: 5 },
    networks: { nat: { rx_bytes: 1, tx_bytes: 2 } },
  } as unknown as ContainerStats; // as Windows answers
  expect(usageFrom('web', stats, stats, '1000000000/7')).toEqual({
    container: 'web',
    cpuMilli: 1500,
    memoryBytes: 5,
    memoryLimitBytes: 7,
    processes: 0,
    receivedBytes: 1,
    sentBytes: 2,
  });
});
