import type { Prices } from '../metering/index.ts';
import type { Suggestion } from '../replies/index.ts';
import type { Group } from '../spec/index.ts';
import type { Cause } from './cause.ts';
import { difference, withRequest } from './right-size.ts';

/** The property to change, and what to write there when that can be said. */
export interface Mend {
  readonly path: string;
  readonly suggestion?: Suggestion;
}

/** What of the file would mend a failure; undefined when the file is not what is wrong. Pure. */
export function mendOf({ code, about, exitCode }: Cause, group: Group, prices: Prices): Mend | undefined {
  switch (code) {
    case 'image-not-found':
    case 'image-not-pulled':
    case 'image-pruned':
    case 'registry-unreachable':
    case 'registry-untrusted':
    case 'registry-throttled':
    case 'timeout':
      return imageOf(group, (container) => container.image === about.image);
    case 'wrong-architecture':
    case 'OsVersionNotSupported':
    case 'ImageOsTypeNotMatchContainerGroup':
    case 'user-unknown':
      return imageOf(group, ({ name, image }) => name === about.container || image === about.image);
    case 'registry-refused':
      return credentialOf(group, about.registry) ?? imageOf(group, ({ image }) => image === about.image);
    case 'out-of-memory':
    case 'memory-too-small':
      return memoryOf(group, about.container, prices);
    case 'no-capacity':
      return cpuOf(group, about.container);
    case 'port-taken':
      return portOf(group, about.port);
    case 'command-not-found':
    case 'command-not-executable':
      return commandOf(group, about.container);
    case 'exit-code':
    case 'init-failed': // only where a shell says that the command itself is what is wrong
      return exitCode === 126 || exitCode === 127 ? commandOf(group, about.container) : undefined;
    case 'volume-missing':
    case 'volume-failed':
      return volumeOf(group, about.volume, about.container) ?? shareOf(group, code, about.volume);
    case 'share-refused':
    case 'share-unreachable':
    case 'share-unsupported':
      return shareOf(group, code, about.volume);
    case 'probe-failed':
      return probeOf(group, about);
    case 'location-unknown':
      return { path: 'location' };
    default:
      return undefined;
  }
}

type AnyContainer = Group['containers'][number] | Group['initContainers'][number];

/** The first container that fits, and where its properties stand. */
function found(group: Group, fits: (container: AnyContainer) => boolean) {
  for (const list of ['containers', 'initContainers'] as const) {
    const index = group[list].findIndex(fits);
    const container = group[list][index];
    if (container) return { container, path: `properties.${list}[${index}].properties` };
  }
  return undefined;
}

function probeOf(group: Group, { container, probe }: Cause['about']): Mend | undefined {
  const place = found(group, ({ name }) => name === container);
  return place && { path: `${place.path}.${probe ?? 'liveness'}Probe` };
}

function imageOf(group: Group, fits: (container: AnyContainer) => boolean): Mend | undefined {
  const place = found(group, fits);
  return place && { path: `${place.path}.image` };
}

function commandOf(group: Group, name: string | undefined): Mend | undefined {
  const place = found(group, (container) => container.name === name);
  if (!place) return undefined;
  const { command } = place.container;
  if (!command?.length) return { path: `${place.path}.image` }; // the image's own program is what is wrong
  const path = `${place.path}.command`;
  const [program = '', ...rest] = command;
  const words = program.split(/\s+/).filter(Boolean);
  // A whole command line in one word is what people write who expect a shell.
  return rest.length === 0 && words.length > 1 && !/["'`$|&;<>*?\\]/.test(program)
    ? { path, suggestion: { text: `command: ${JSON.stringify(words)}` } }
    : { path };
}

function credentialOf(group: Group, server: string | undefined): Mend | undefined {
  const index = group.imageRegistryCredentials.findIndex((each) => each.server === server);
  return index < 0 ? undefined : { path: `properties.imageRegistryCredentials[${index}]` };
}

function portOf(group: Group, port: number | undefined): Mend | undefined {
  const index = (group.ipAddress?.ports ?? []).findIndex((each) => each.port === port);
  return index < 0 ? undefined : { path: `properties.ipAddress.ports[${index}].port` };
}

function cpuOf(group: Group, name: string | undefined): Mend | undefined {
  const index = group.containers.findIndex((container) => container.name === name);
  const limits = group.containers[index]?.resources.limits;
  const where = limits?.cpu === undefined ? 'requests' : 'limits';
  return index < 0 ? undefined : { path: `${resourcesPath(index)}.${where}.cpu` };
}

function volumeOf(group: Group, volume: string | undefined, container: string | undefined): Mend | undefined {
  const index = group.volumes.findIndex(({ name }) => name === volume);
  const repository = group.volumes[index]?.gitRepo;
  const part = repository?.revision === undefined ? 'repository' : 'revision';
  if (repository) return { path: `properties.volumes[${index}].gitRepo.${part}` };
  const place = found(group, ({ name }) => name === container);
  return place && { path: `${place.path}.volumeMounts` };
}

/** Where a file share says what the server or the host did not take. */
function shareOf(group: Group, code: string, volume: string | undefined): Mend | undefined {
  const index = group.volumes.findIndex(({ name }) => name === volume);
  const { azureFile, nfs } = group.volumes[index] ?? {};
  const place = `properties.volumes[${index}]`;
  if (nfs) return { path: `${place}.nfs.${code === 'share-unreachable' ? 'server' : 'path'}` };
  if (!azureFile) return undefined;
  switch (code) {
    case 'share-refused':
      return { path: `${place}.azureFile.storageAccountKey` };
    case 'volume-missing':
      return { path: `${place}.azureFile.shareName` };
    case 'share-unreachable':
      return { path: `${place}.azureFile.storageAccountName` };
    default:
      return { path: `${place}.azureFile` };
  }
}

function resourcesPath(index: number): string {
  return `properties.containers[${index}].properties.resources`;
}

/** Twice of what there was. An init container has what the whole group has, so the largest request grows for it. */
function memoryOf(group: Group, name: string | undefined, prices: Prices): Mend | undefined {
  const isApp = group.containers.some((container) => container.name === name);
  const largest = Math.max(...group.containers.map((container) => container.resources.requests.memoryInGB));
  const index = group.containers.findIndex((container) =>
    isApp ? container.name === name : container.resources.requests.memoryInGB === largest,
  );
  const container = group.containers[index];
  if (!container) return undefined;
  const { requests, limits } = container.resources;
  const total = group.containers.reduce((sum, each) => sum + each.resources.requests.memoryInGB, 0);
  if (isApp && limits?.memoryInGB !== undefined) {
    // A limit costs nothing, and is at most what the whole group requests.
    const path = `${resourcesPath(index)}.limits.memoryInGB`;
    const twice = tenths(limits.memoryInGB * 2);
    return twice <= total ? { path, suggestion: { text: `memoryInGB: ${twice}` } } : { path };
  }
  const wanted = tenths(requests.memoryInGB + (isApp ? requests.memoryInGB : total));
  const mended = withRequest(group, index, { memoryInGB: wanted });
  const addsPerHour = difference(mended, group, prices);
  return {
    path: `${resourcesPath(index)}.requests.memoryInGB`,
    suggestion: { text: `memoryInGB: ${wanted}`, addsPerHour },
  };
}

function tenths(gigabytes: number): number {
  return Math.round(gigabytes * 10) / 10;
}
