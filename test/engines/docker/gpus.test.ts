/** How a GPU gets into a container, what settings may say of GPUs, and what an engine without one answers. */
import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../../src/config.ts';
import { causeOf } from '../../../src/engines/docker/causes.ts';
import { memberOptions, sandboxOptions } from '../../../src/engines/docker/containers.ts';
import { dockerGaps } from '../../../src/engines/docker/gaps.ts';
import { gpuEnvironment, gpuRequests, sandboxGpuRequests } from '../../../src/engines/docker/gpu-requests.ts';
import { groupsFrom } from '../../../src/engines/docker/observe.ts';
import { type GpuDevice, gpusOfHost, gpuWay, type Isolation } from '../../../src/engines/index.ts';
import { readGroup } from '../../../src/spec/index.ts';
import { podFor, wishFor } from '../../reconciler/groups.ts';

const UUID = 'GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01';
const OTHER = 'GPU-0b1c2d3e-0000-4d6e-9a52-7b6f0b8f7f02';

function devices(...ids: string[]): GpuDevice[] {
  return ids.map((id) => ({ id, sku: 'V100', model: '' }));
}

describe('the way of a GPU into a container', () => {
  test.each<[string, Isolation, string | undefined]>([
    [UUID, 'none', 'nvidia'],
    [UUID, 'sandbox', 'nvidia'],
    [UUID, 'hypervisor', undefined],
    ['0', 'none', 'nvidia'],
    ['MIG-3c6fbd3b-58d5-5c7b-9c42-0e2f3c4d5e6f', 'none', 'nvidia'],
    ['nvidia.com/gpu=0', 'none', 'cdi'],
    ['nvidia.com/gpu=0', 'hypervisor', 'passthrough'],
    ['nvidia.com/pgpu=vfio0', 'hypervisor', 'passthrough'],
    ['nvidia.com/pgpu=vfio0', 'none', 'passthrough'],
  ])('%s where groups are isolated by %s: %s', (id, isolation, expected) => {
    expect(gpuWay(id, isolation)).toBe(expected);
  });

  test('asks for devices by name, never for a number of them', () => {
    expect(gpuRequests([UUID, OTHER], 'none')).toEqual([
      { Driver: 'nvidia', DeviceIDs: [UUID, OTHER], Capabilities: [['gpu']] },
    ]);
    expect(gpuRequests(['nvidia.com/gpu=0', 'nvidia.com/gpu=1'], 'none')).toEqual([
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'] },
    ]);
    expect(gpuRequests([], 'none')).toEqual([]);
  });

  test('leads through the sandbox into a virtual machine, and nowhere else', () => {
    const gpus = { train: ['nvidia.com/pgpu=0'], serve: ['nvidia.com/pgpu=1'] };
    const both = [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/pgpu=0', 'nvidia.com/pgpu=1'] }];
    expect(sandboxGpuRequests({ gpus }, 'hypervisor')).toEqual(both);
    expect(gpuRequests(gpus.train, 'hypervisor')).toEqual([
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/pgpu=0'] },
    ]);
    expect(sandboxGpuRequests({ gpus: { train: [UUID] } }, 'none')).toEqual([]);
    expect(sandboxGpuRequests({ gpus: { train: ['nvidia.com/gpu=0'] } }, 'none')).toEqual([]);
  });

  test('is not opened by what an image or a spec says in its environment', () => {
    expect(gpuEnvironment(['A=1', 'NVIDIA_VISIBLE_DEVICES=all'], [], 'none')).toEqual([
      'A=1',
      'NVIDIA_VISIBLE_DEVICES=void',
    ]);
    expect(gpuEnvironment([], [UUID, OTHER], 'none')).toEqual([`NVIDIA_VISIBLE_DEVICES=${UUID},${OTHER}`]);
    expect(gpuEnvironment([], ['nvidia.com/gpu=0'], 'none')).toEqual(['NVIDIA_VISIBLE_DEVICES=void']);
  });
});

describe('a pod with GPUs', () => {
  const wish = wishFor({ containers: { train: { gpu: { count: 1, sku: 'V100' } }, web: {} } });
  const pod = { ...podFor(wish), gpus: { train: [UUID] } };
  const [train, web] = pod.group.containers;
  if (!train || !web) throw new Error('no containers');
  const common = {
    sandboxId: 'f00d',
    image: 'web:1',
    defaults: { entrypoint: [], command: [] },
    runtime: 'runc',
  };
  const traits = { annotations: false, gpus: { isolation: 'none' as const } };

  test('gives each container its own, and says so in its labels', () => {
    const options = memberOptions('katabot', pod, train, { ...common, traits });
    expect(options.Labels?.['katabot.gpus']).toBe(UUID);
    expect(options.HostConfig?.DeviceRequests).toEqual([
      { Driver: 'nvidia', DeviceIDs: [UUID], Capabilities: [['gpu']] },
    ]);
    const other = memberOptions('katabot', pod, web, { ...common, traits });
    expect(other.Labels).not.toHaveProperty(['katabot.gpus']);
    expect(other.HostConfig?.DeviceRequests).toEqual([]);
    expect(other.Env).toEqual(['NVIDIA_VISIBLE_DEVICES=void']);
  });

  test('gives a virtual machine its card with the sandbox, and the container with it', () => {
    const given = { ...pod, gpus: { train: ['nvidia.com/pgpu=0'] } };
    const inMachine = { annotations: true, gpus: { isolation: 'hypervisor' as const } };
    const request = [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/pgpu=0'] }];
    const sandbox = sandboxOptions('katabot', given, { image: 's', runtime: 'kata-gpu', traits: inMachine });
    expect(sandbox.HostConfig?.DeviceRequests).toEqual(request);
    const member = memberOptions('katabot', given, train, { ...common, traits: inMachine });
    expect(member.HostConfig?.DeviceRequests).toEqual(request);
  });

  test('is what it was where no GPU is handed out', () => {
    const options = memberOptions('katabot', pod, web, { ...common, traits: { annotations: false } });
    expect(options.Env).toEqual([]);
    expect(options.HostConfig).not.toHaveProperty('DeviceRequests');
  });

  test('is seen again by its labels alone', () => {
    const { Labels } = memberOptions('katabot', pod, train, { ...common, traits });
    const inspected: object = {
      Id: 'c1',
      Config: { Labels },
      Image: 'sha256:1',
      State: { Running: true, Status: 'running', StartedAt: '2026-11-24T12:00:00Z' },
      HostConfig: {},
    };
    const seen = groupsFrom([inspected as Parameters<typeof groupsFrom>[0][number]], []);
    expect(seen.get('production/hello')?.pods[0]?.members[0]?.gpus).toEqual([UUID]);
  });
});

describe('GPUs in the settings', () => {
  const settings = (gpus: unknown, isolation = 'none') => {
    const { locations } = parseSettings(
      JSON.stringify({ locations: { office: { isolation, gpus } } }),
      'katabot.yml',
    );
    return gpusOfHost('locations.office', locations['office'] ?? { gpus: [], isolation: 'none' });
  };

  test('are a list of devices, each with the model that specs ask for', () => {
    expect(
      settings([
        { id: UUID, sku: 'V100' },
        { id: OTHER, sku: 'H100', model: 'NVIDIA H100' },
      ]),
    ).toEqual([
      { id: UUID, sku: 'V100', model: '' },
      { id: OTHER, sku: 'H100', model: 'NVIDIA H100' },
    ]);
    expect(settings([{ id: 0, sku: 'V100' }])).toEqual([{ id: '0', sku: 'V100', model: '' }]);
    expect(settings([])).toEqual([]);
  });

  test.each<[string, unknown, string, RegExp]>([
    [
      'all of them at once',
      [{ id: 'all', sku: 'V100' }],
      'none',
      /locations\.office\.gpus\.0\.id: expected one GPU/,
    ],
    ['all of a kind', [{ id: 'nvidia.com/gpu=all', sku: 'V100' }], 'none', /gpus\.0\.id: expected one GPU/],
    ['no model', [{ id: UUID }], 'none', /gpus\.0\.sku/],
    [
      'one device twice',
      devices(UUID, UUID),
      'none',
      /locations\.office\.gpus: GPU-6f3f1b0e.* is there twice/,
    ],
    ['two kinds of names', devices(UUID, '0'), 'none', /named by uuid and index/],
    ['a uuid for virtual machines', devices(UUID), 'hypervisor', /cannot be handed to a virtual machine/],
  ])('are refused with %s', (_what, gpus, isolation, expected) => {
    expect(() => settings(gpus, isolation)).toThrow(expected);
  });

  test('close the gap, and without them it is told where a spec asks for one', () => {
    const text = `name: train
properties:
  osType: Linux
  containers:
  - name: train
    properties:
      image: acme/train:1
      resources: {requests: {cpu: 1, memoryInGB: 1, gpu: {count: 1, sku: V100}}}
`;
    for (const more of [{ gpus: devices(UUID) }, { gpusElsewhere: true }])
      expect(readGroup(text, { gaps: dockerGaps({ ...more, isolation: 'none' }) }).problems).toEqual([]);
    expect(readGroup(text, { gaps: dockerGaps({ isolation: 'none' }) }).problems).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'not-supported-here',
        line: 8,
        column: 53,
        message: 'gpu: GPUs are not handed out by this location.',
        advice: expect.stringContaining('locations.NAME.gpus'),
      }),
    ]);
  });
});

describe('an engine that has no such GPU', () => {
  test.each([
    'could not select device driver "nvidia" with capabilities: [[gpu]]',
    'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=9',
    'failed to create task for container: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as "legacy" nvidia-container-cli: device error: GPU-6f3f1b0e: unknown device: unknown',
    'nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown',
  ])('says so in one sentence, with what to look at: %s', (words) => {
    const failure = causeOf(
      Object.assign(new Error(words), { statusCode: 500, json: { message: words } }),
      'it',
    );
    expect(failure.code).toBe('gpu-missing');
    expect(failure.message).toMatch(/^The host’s engine hands out no such GPU: .+[^:]\.$/);
    expect(failure.message).not.toContain('OCI runtime');
    expect(failure.advice).toContain('NVIDIA Container Toolkit');
  });
});
