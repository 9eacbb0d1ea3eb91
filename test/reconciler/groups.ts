/** Groups, wishes and looks at an engine, with only what a test says about them. */
import type { ObservedGroup, ObservedMember, ObservedPod, Pod, Published } from '../../src/engines/index.ts';
import type { GroupKey } from '../../src/event.ts';
import { podOf, type Wish } from '../../src/reconciler/index.ts';
import { type Group, readGroup } from '../../src/spec/index.ts';

export const KEY: GroupKey = 'production/hello';

export interface ContainerWords {
  readonly image?: string;
  /** A script for the shell; without one the image's own command runs. */
  readonly script?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secureEnvironment?: Readonly<Record<string, string>>;
  readonly mounts?: Readonly<Record<string, string>>;
  readonly configMap?: Readonly<Record<string, string>>;
  readonly memoryInGB?: number;
  readonly cpu?: number;
  readonly gpu?: { readonly count: number; readonly sku: string };
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}

export interface GroupWords {
  readonly name?: string;
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly init?: Readonly<Record<string, ContainerWords>>;
  readonly containers: Readonly<Record<string, ContainerWords>>;
  readonly ports?: readonly number[];
  readonly dnsNameLabel?: string;
  readonly customDomains?: readonly string[];
  readonly volumes?: readonly object[];
}

/** A whole document, read as a pushed one is. JSON is YAML. */
export function documentOf(words: GroupWords): string {
  const { name = 'hello', restartPolicy = 'Always', ports, dnsNameLabel, customDomains, volumes } = words;
  const [first] = Object.keys(words.containers);
  return JSON.stringify({
    apiVersion: '2021-10-01',
    type: 'Microsoft.ContainerInstance/containerGroups',
    name,
    location: 'local',
    properties: {
      osType: 'Linux',
      restartPolicy,
      ...(ports
        ? {
            ipAddress: {
              type: 'Public',
              ports: ports.map((port) => ({ port, protocol: 'TCP' })),
              ...(dnsNameLabel === undefined ? {} : { dnsNameLabel }),
              ...(customDomains === undefined ? {} : { customDomains }),
            },
          }
        : {}),
      ...(volumes ? { volumes } : {}),
      ...(words.init
        ? {
            initContainers: Object.entries(words.init).map(([each, container]) => ({
              name: each,
              properties: propertiesOf(container),
            })),
          }
        : {}),
      containers: Object.entries(words.containers).map(([each, container]) => ({
        name: each,
        properties: {
          ...propertiesOf(container),
          ...(ports && each === first ? { ports: ports.map((port) => ({ port, protocol: 'TCP' })) } : {}),
          ...probesOf(container),
          ...(container.configMap ? { configMap: { keyValuePairs: container.configMap } } : {}),
          resources: {
            requests: {
              cpu: container.cpu ?? 0.5,
              memoryInGB: container.memoryInGB ?? 0.1,
              ...(container.gpu ? { gpu: container.gpu } : {}),
            },
          },
        },
      })),
    },
  });
}

function probesOf({ livenessProbe, readinessProbe }: ContainerWords) {
  return { ...(livenessProbe ? { livenessProbe } : {}), ...(readinessProbe ? { readinessProbe } : {}) };
}

function propertiesOf({
  image = 'web:1',
  script,
  command,
  environment,
  secureEnvironment,
  mounts,
}: ContainerWords) {
  const variables = [
    ...Object.entries(environment ?? {}).map(([name, value]) => ({ name, value })),
    ...Object.entries(secureEnvironment ?? {}).map(([name, secureValue]) => ({ name, secureValue })),
  ];
  const program = script === undefined ? command : ['sh', '-c', script];
  return {
    image,
    ...(program ? { command: program } : {}),
    ...(variables.length ? { environmentVariables: variables } : {}),
    ...(mounts
      ? { volumeMounts: Object.entries(mounts).map(([name, mountPath]) => ({ name, mountPath })) }
      : {}),
  };
}

export function groupFrom(words: GroupWords): Group {
  const { group, problems } = readGroup(documentOf(words));
  if (!group) throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return group;
}

/** As a location with a range gives them: every port as it is. */
export function publishedAt(address: string, words: GroupWords): Published[] {
  const { ports = [] } = groupFrom(words).ipAddress ?? {};
  return ports.map(({ port, protocol }) => ({ address, protocol, port, hostPort: port }));
}

export function wishFor(words: GroupWords, more: Partial<Wish> & { number?: number } = {}): Wish {
  const { number = 1, ...rest } = more;
  return {
    key: KEY,
    wanted: 'running',
    location: 'local',
    host: 'local',
    repository: 'shop',
    slot: 0,
    address: words.ports ? '127.21.0.1' : '',
    published: publishedAt('127.21.0.1', words),
    subnet: '198.19.0.0/28',
    fqdn: '',
    settled: null,
    deletedBy: '',
    restartBeforeMs: 0,
    expiresAtMs: null,
    revision: {
      number,
      commit: 'c0ffee'.padEnd(40, '0'),
      path: 'containergroup.yaml',
      group: groupFrom(words),
      images: { 'web:1': 'id-of-web:1' },
      acceptedBy: 'david',
      acceptedAtMs: 0,
      reason: '',
      rollbackOf: 0,
      settled: null,
    },
    ...rest,
  };
}

export function podFor(wish: Wish, observed?: ObservedGroup): Pod {
  return podOf(wish, observed, 'pepper');
}

/** The pod as an engine shows it once everything in it runs. */
export function running(pod: Pod, more: Partial<ObservedPod> = {}): ObservedPod {
  return {
    id: `test.production.hello.r${pod.podRevision}`,
    revision: pod.podRevision,
    fingerprint: pod.fingerprint,
    state: 'running',
    sandboxId: `sandbox-${pod.podRevision}`,
    address: pod.address,
    createdAtMs: pod.podRevision,
    members: pod.group.containers.map(({ name }) => member(pod, name)),
    ...more,
  };
}

export function member(pod: Pod, name: string, more: Partial<ObservedMember> = {}): ObservedMember {
  return {
    id: `${name}-${pod.revision}`,
    name,
    init: pod.group.initContainers.some((each) => each.name === name),
    revision: pod.revision,
    fingerprint: pod.memberFingerprints[name] ?? '',
    image: 'id-of-web:1',
    gpus: pod.gpus[name] ?? [],
    state: 'running',
    startedAtMs: 1_000,
    outOfMemory: false,
    error: '',
    changed: [],
    ...more,
  };
}

export function exited(pod: Pod, name: string, exitCode: number, finishedAtMs = 2_000): ObservedMember {
  return member(pod, name, { state: 'exited', exitCode, startedAtMs: 1_000, finishedAtMs });
}

export function seen(...pods: ObservedPod[]): ObservedGroup {
  return { key: KEY, pods };
}
