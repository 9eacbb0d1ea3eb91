import type { ContainerCreateOptions } from 'dockerode';
import { partsOf } from '../../event.ts';
import { type Container, type InitContainer, type VolumeMount, wordsOf } from '../../spec/index.ts';
import type { NamedNetwork, Pod } from '../index.ts';
import { environmentOf, MEMBER_LOG, portsOf, programOf, sandboxLabels } from './container-parts.ts';
import { gpuEnvironment, gpuRequests, sandboxGpuRequests } from './gpu-requests.ts';
import { LABEL, podId, podLabels } from './labels.ts';
import { limitsText, resourcesOf } from './limits.ts';
import { ANSWERS_ITS_SUBNET, jointOf } from './networks.ts';
import { rightsOf } from './rights.ts';
import { SCRATCH_FOLDERS } from './sandbox-image.ts';
import { memberAnnotations, sandboxAnnotations, type Traits } from './traits.ts';

// Pure: what the engine is asked for, as data that tests compare.

/** Where the sandbox keeps the group's volumes mounted, and where files are delivered. */
export function sandboxPath(volume: string): string {
  return `/volumes/${volume}`;
}

/** The folder in which a member with secure environment variables finds them, and the program that reads them. */
export const ENTER_PATH = '/run/katabot';

export function volumeName(owner: string, pod: Pod, volume: string): string {
  return `${podId(owner, pod.key, pod.podRevision)}.${volume}`;
}

/** The tmpfs that carries one container's secure environment variables; a dot cannot stand in a volume's own name. */
export function environmentVolume(container: string): string {
  return `${container}.environment`;
}

/** The containers of a group that have secure environment variables. */
export function withSecureEnvironment(pod: Pod): (Container | InitContainer)[] {
  return everyContainer(pod).filter((container) =>
    container.environmentVariables.some((entry) => entry.secureValue),
  );
}

/** The tmpfs that carries the files of one container's config map. */
export function configVolume(container: string): string {
  return `${container}.configmap`;
}

/** The containers of a group that have a config map with something in it. */
export function withConfigMap({ group }: Pod): Container[] {
  return group.containers.filter(({ configMap }) => Object.keys(configMap?.keyValuePairs ?? {}).length > 0);
}

export function everyContainer(pod: Pod): (Container | InitContainer)[] {
  return [...pod.group.initContainers, ...pod.group.containers];
}

/** The container that owns the network namespace and the published ports, and keeps every volume mounted. */
export function sandboxOptions(
  owner: string,
  pod: Pod,
  settings: {
    image: string;
    runtime: string;
    traits: Traits;
    networks?: readonly NamedNetwork[];
    /** On the host, with what the group itself says of its resolver; in place of `traits.resolverFile`. */
    ownResolverFile?: string | undefined;
  },
): ContainerCreateOptions & { name: string } {
  const { annotations, gpus } = settings.traits;
  const resolverFile = settings.ownResolverFile ?? settings.traits.resolverFile;
  const { network, endpoint, named } = jointOf(owner, pod, settings.networks ?? []);
  // What is private is published nowhere: it is reached in its network alone.
  const published = named ? [] : pod.published;
  const { ExposedPorts, PortBindings } = portsOf(published, ({ address }) => ({ HostIp: address }));
  return {
    name: `${podId(owner, pod.key, pod.podRevision)}.sandbox`,
    Image: settings.image,
    Hostname: partsOf(pod.key).name.toLowerCase().slice(0, 63),
    StopSignal: 'SIGKILL', // it only waits: there is nothing to say goodbye to
    ExposedPorts,
    Labels: { ...sandboxLabels(owner, pod, 'sandbox'), [LABEL.fingerprint]: pod.fingerprint },
    HostConfig: {
      Runtime: settings.runtime,
      NetworkMode: network,
      RestartPolicy: { Name: 'no' },
      PortBindings,
      Mounts: [
        ...sandboxVolumes(pod).map((volume, index) => ({
          Type: 'volume' as const,
          Source: volumeName(owner, pod, volume),
          Target: isOnDisk(pod, volume) ? `/${SCRATCH_FOLDERS[index]}` : sandboxPath(volume),
        })),
        // Members take the sandbox's over.
        ...(resolverFile === undefined
          ? []
          : [{ Type: 'bind' as const, Source: resolverFile, Target: '/etc/resolv.conf', ReadOnly: true }]),
      ],
      ...(resolverFile === undefined ? resolverOptions(pod) : {}),
      ...(named && named.driver !== 'bridge' ? { Sysctls: ANSWERS_ITS_SUBNET } : {}),
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      IpcMode: 'shareable',
      LogConfig: { Type: 'none', Config: {} },
      ...(gpus ? { DeviceRequests: sandboxGpuRequests(pod, gpus.isolation) } : {}),
      ...(annotations ? { Annotations: sandboxAnnotations(pod) } : {}),
    },
    NetworkingConfig: { EndpointsConfig: { [network]: endpoint } },
  };
}

/** The engine goes on answering for the names in the network, and asks these servers for all others. */
function resolverOptions({ group: { dnsConfig } }: Pod) {
  if (!dnsConfig) return {};
  return {
    Dns: [...dnsConfig.nameServers],
    DnsSearch: wordsOf(dnsConfig.searchDomains),
    DnsOptions: wordsOf(dnsConfig.options),
  };
}

/** Every volume of the group; a tmpfs among them lives as long as the sandbox holds it. */
export function sandboxVolumes(pod: Pod): string[] {
  return [
    ...pod.group.volumes.map((volume) => volume.name),
    ...withSecureEnvironment(pod).map((container) => environmentVolume(container.name)),
    ...withConfigMap(pod).map((container) => configVolume(container.name)),
  ];
}

/** What the image brings along, as far as it matters when a program is run in it. */
export interface ImageDefaults {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME[:GROUP]`, or ids; root without it. */
  readonly user?: string;
}

/** A container that joins the sandbox: same localhost, same port space. Used for members and init containers. */
export function memberOptions(
  owner: string,
  pod: Pod,
  container: Container | InitContainer,
  settings: {
    sandboxId: string;
    image: string;
    defaults: ImageDefaults;
    runtime: string;
    traits: Traits;
  },
): ContainerCreateOptions & { name: string } {
  const secure = container.environmentVariables.some((entry) => entry.secureValue);
  const { annotations, gpus } = settings.traits;
  const ids = pod.gpus[container.name] ?? [];
  const rights = rightsOf(container, settings.defaults.user ?? '');
  const environment = environmentOf(container);
  return {
    name: `${podId(owner, pod.key, pod.revision)}.${container.name}`,
    Image: settings.image,
    ...commandOf(container, settings.defaults, secure),
    ...rights.user,
    Env: gpus ? gpuEnvironment(environment, ids, gpus.isolation) : environment,
    Labels: {
      ...podLabels(owner, pod, 'resources' in container ? 'member' : 'init'),
      [LABEL.container]: container.name,
      [LABEL.fingerprint]: pod.memberFingerprints[container.name] ?? '',
      [LABEL.limits]: limitsText(resourcesOf(pod, container)),
      ...(ids.length ? { [LABEL.gpus]: ids.join(',') } : {}),
    },
    HostConfig: {
      Runtime: settings.runtime,
      NetworkMode: `container:${settings.sandboxId}`,
      IpcMode: `container:${settings.sandboxId}`,
      RestartPolicy: { Name: 'no' }, // restarts are the bot's, with ACI's states and back-off
      ...resourcesOf(pod, container),
      ...rights.host,
      Mounts: mountsOf(owner, pod, container, secure),
      LogConfig: MEMBER_LOG,
      ...(gpus ? { DeviceRequests: gpuRequests(ids, gpus.isolation) } : {}),
      ...(annotations ? { Annotations: memberAnnotations(container.name, settings.sandboxId) } : {}),
    },
  };
}

function commandOf(container: Container | InitContainer, defaults: ImageDefaults, secure: boolean) {
  if (!secure) return programOf(container);
  const program = container.command?.length
    ? container.command
    : [...defaults.entrypoint, ...defaults.command];
  return { Entrypoint: withEnvironment(program), Cmd: [] };
}

/** The program as it is run where secure environment variables wait for it at `ENTER_PATH`. */
export function withEnvironment(program: readonly string[]): string[] {
  return [`${ENTER_PATH}/enter`, `${ENTER_PATH}/environment`, ...program];
}

function mountsOf(owner: string, pod: Pod, container: Container | InitContainer, secure: boolean) {
  const mount = (volume: string, target: string, readOnly: boolean) => ({
    Type: 'volume' as const,
    Source: volumeName(owner, pod, volume),
    Target: target,
    ReadOnly: readOnly,
    VolumeOptions: NOT_FILLED,
  });
  const hasConfig = withConfigMap(pod).some(({ name }) => name === container.name);
  return [
    ...container.volumeMounts.map((each) =>
      mount(each.name, each.mountPath, each.readOnly || isSecretVolume(pod, each)),
    ),
    ...(secure ? [mount(environmentVolume(container.name), ENTER_PATH, true)] : []),
    ...(hasConfig ? [mount(configVolume(container.name), CONFIG_PATH, true)] : []),
  ];
}

/** The folder that has the container's own folder with the files of its config map (ACI). */
const CONFIG_PATH = '/mnt/configmap';

/** The engine would fill an empty volume with what the image has there, a file share of somebody's as well. */
const NOT_FILLED = { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } };

function isOnDisk({ group }: Pod, volume: string): boolean {
  return group.volumes.some(
    ({ name, emptyDir }) => name === volume && emptyDir && emptyDir.medium === undefined,
  );
}

function isSecretVolume(pod: Pod, mount: VolumeMount): boolean {
  return pod.group.volumes.some((volume) => volume.name === mount.name && volume.secret !== undefined);
}
