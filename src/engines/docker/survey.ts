import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { type Clock, within } from '../../clock.ts';
import { messageOf } from '../../failure.ts';
import type { NamedNetwork } from '../index.ts';
import type { Machine, Route, Survey } from '../survey.ts';
import { engineMessage, statusOf } from './causes.ts';
import type { Connection } from './connection.ts';
import { LABEL } from './labels.ts';
import { containerLines } from './logs.ts';
import { areApart } from './neighbours.ts';
import { bridgeOf } from './networks.ts';
import { ensureSandboxImage } from './sandbox-image.ts';
import { storedImages } from './stored-images.ts';

/** Asks the engine, and looks at its machine through a container of the bot's own that may do nothing. */
export async function surveyOf(
  {
    connection,
    clock,
    settings,
  }: { readonly connection: Connection; readonly clock: Clock; readonly settings: SurveySettings },
  signal: AbortSignal,
): Promise<Survey> {
  const { owner, networks = [], spareSubnets } = settings;
  const info: EngineInfo = await connection.call('to describe itself', (docker) => docker.info(), signal);
  const { engine: newestApi } = await connection.api();
  const { Architecture: architecture } = info;
  const isWindows = info.OSType === 'windows';
  const [machine, images, apart] = await Promise.all([
    isWindows
      ? 'on Windows there is nothing to look at'
      : connection
          .call('to look at its machine', (docker) => look(docker, architecture, owner, signal), signal)
          .catch((error: unknown) => messageOf(error)),
    storedImages(connection, signal).catch(() => undefined), // an old engine that has much to count
    spareSubnets && !isWindows
      ? isApart({ connection, clock }, { owner, spareSubnets, architecture }, signal)
      : undefined,
  ]);
  return {
    newestApi,
    system: [info.OperatingSystem, info.KernelVersion && `kernel ${info.KernelVersion}`]
      .filter(Boolean)
      .join(', '),
    storage: [info.Driver, info.CgroupVersion && `cgroups v${info.CgroupVersion}`].filter(Boolean).join(', '),
    runtimes: Object.keys(info.Runtimes ?? {}),
    outlivesEngine: info.LiveRestoreEnabled === true,
    complaints: (info.Warnings ?? []).map((text) => text.replace(/^WARNING: /, '')),
    cdiFolders: info.CDISpecDirs ?? [],
    cdiDevices: newestApi < DEVICES_API ? undefined : (info.DiscoveredDevices ?? []).map(({ ID }) => ID),
    bridges: networks
      .filter(({ driver }) => driver === 'bridge')
      .map((named) => ({ network: named.name, subnet: named.subnet, link: bridgeOf(owner, named) })),
    ...(apart === undefined ? {} : { apart }),
    images,
    machine,
  };
}

interface SurveySettings {
  readonly owner: string;
  readonly networks?: readonly NamedNetwork[];
  /** Two that no group has; without them nobody looks whether networks are kept apart. */
  readonly spareSubnets?: readonly [string, string] | undefined;
}

/** A look that takes longer says that it could not be made; the rest of the survey does not wait for it. */
const APART_LIMIT_MS = 20_000;

function isApart(
  { connection, clock }: { readonly connection: Connection; readonly clock: Clock },
  {
    owner,
    spareSubnets,
    architecture,
  }: { owner: string; spareSubnets: readonly [string, string]; architecture: string },
  signal: AbortSignal,
): Promise<boolean | string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(APART_LIMIT_MS)]);
  const look = async (docker: Docker) => {
    const image = await ensureSandboxImage(docker, architecture);
    return areApart({ docker, owner, image, clock, subnets: spareSubnets }, limit);
  };
  return connection
    .call('to look whether networks are kept apart', look, signal)
    .catch((error: unknown) => messageOf(error));
}

/** Docker 28.2: `GET /info` lists the devices that are known by name. */
const DEVICES_API = 1.5;

/** What of an engine's description is read here; an older one leaves some of it out. */
interface EngineInfo {
  readonly Architecture: string;
  readonly OSType?: string;
  readonly OperatingSystem?: string;
  readonly KernelVersion?: string;
  readonly Driver?: string;
  readonly CgroupVersion?: string;
  readonly Runtimes?: Readonly<Record<string, unknown>>;
  readonly LiveRestoreEnabled?: boolean;
  readonly Warnings?: readonly string[] | null;
  readonly CDISpecDirs?: readonly string[] | null;
  readonly DiscoveredDevices?: readonly { readonly ID: string }[] | null;
}

const DEVICES = '/host/dev';
const SHARED_MEMORY = '/host/shm';
const MOST_DEVICES = 64;
/** Linux' own numbers of /dev/kvm: it may be asked, whatever the engine lets containers do else. */
const KVM_RULE = 'c 10:232 rw';

async function look(
  docker: Docker,
  architecture: string,
  owner: string,
  signal: AbortSignal,
): Promise<Machine> {
  const image = await ensureSandboxImage(docker, architecture);
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ['/look'],
    Cmd: ['/proc/self/mountinfo', '/proc/net/route'],
    Labels: { [LABEL.look]: owner },
    HostConfig: {
      NetworkMode: 'host', // whose routes are looked at
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      DeviceCgroupRules: [KVM_RULE],
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: [bindOf('/dev', DEVICES), bindOf('/dev/shm', SHARED_MEMORY)],
    },
  });
  try {
    await within(signal, container.start());
    await within(signal, container.wait());
    const lines: string[] = [];
    const log = containerLines(docker, { id: container.id, name: 'look' }, { follow: false }, signal);
    for await (const { text } of log) lines.push(text);
    let nvidiaDevices = 0;
    while (nvidiaDevices < MOST_DEVICES && (await isThere(container, `nvidia${nvidiaDevices}`)))
      nvidiaDevices++;
    return {
      ...mountsIn(lines),
      routes: routesIn(lines),
      disk: diskIn(lines),
      kvm: kvmIn(lines),
      vfioGroups: (await isThere(container, 'vfio')) ? await vfioGroups(container) : 0,
      nvidiaDevices,
    };
  } finally {
    await container.remove({ force: true, v: true }).catch(() => {}); // it may have gone with its engine
  }
}

/** Without what is mounted beneath it: the look reads its list of mounts up to a size, and a machine may have many. */
function bindOf(Source: string, Target: string): Docker.MountSettings {
  // The types ask for a propagation, too: the engine chooses by itself, and refuses any other where its own folder lies beneath.
  const BindOptions = { NonRecursive: true } as unknown as NonNullable<Docker.MountSettings['BindOptions']>;
  return { Type: 'bind', Source, Target, ReadOnly: true, BindOptions };
}

/** From the look's own mounts: how large the machine's shared memory is, and whether its root comes from a shared mount. Pure. */
export function mountsIn(lines: readonly string[]): Pick<Machine, 'shmBytes' | 'propagates'> {
  const mounts = lines.map((line) => {
    const [place = '', source = ''] = line.split(' - ');
    const words = place.split(' ');
    return { at: words[4] ?? '', tags: words.slice(6), options: source.split(' ')[2] ?? '' };
  });
  const [, kibibytes] =
    /\bsize=(\d+)k\b/.exec(mounts.find(({ at }) => at === SHARED_MEMORY)?.options ?? '') ?? [];
  const root = mounts.find(({ at }) => at === '/');
  return {
    shmBytes: kibibytes === undefined ? undefined : Number(kibibytes) * 1024,
    propagates: root?.tags.some((tag) => /^(master|shared):/.test(tag)) ?? false,
  };
}

/** The line below a heading of the look's. */
function below(lines: readonly string[], heading: string): string {
  return lines[lines.indexOf(`== ${heading}`) + 1] ?? '';
}

/** Free and all bytes of the disk that the look's image lies on. Pure. */
export function diskIn(lines: readonly string[]): Machine['disk'] {
  const [, free, total] = /^(\d+) (\d+)$/.exec(below(lines, 'disk')) ?? [];
  return free === undefined ? undefined : { freeBytes: Number(free), totalBytes: Number(total) };
}

/** What the kernel answered who asked /dev/kvm for a virtual machine. Pure. */
export function kvmIn(lines: readonly string[]): Machine['kvm'] {
  const NO_SUCH_FILE = '2';
  const answer = below(lines, 'kvm');
  return answer === '0' ? 'works' : answer === NO_SUCH_FILE ? 'missing' : 'fails';
}

/** Of `/proc/net/route`: interface, destination, gateway, four numbers, mask; addresses are as the processor keeps them. Pure. */
export function routesIn(lines: readonly string[]): Route[] {
  const begin = lines.findIndex((line) => line.startsWith('Iface'));
  return (begin < 0 ? [] : lines.slice(begin + 1)).flatMap((line) => {
    const [link = '', destination = '', , , , , , mask = ''] = line.trim().split(/\s+/);
    if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask) || mask === '00000000') return [];
    const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(destination.slice(at, at + 2), 16));
    const bits = [...mask].reduce((sum, digit) => sum + (BITS[Number.parseInt(digit, 16)] ?? 0), 0);
    return [{ range: `${bytes.join('.')}/${bits}`, link }];
  });
}

/** How many bits are set in a hexadecimal digit. */
const BITS = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];

async function isThere(container: Docker.Container, device: string): Promise<boolean> {
  try {
    await container.infoArchive({ path: `${DEVICES}/${device}` });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw new Error(engineMessage(error), { cause: error });
  }
}

/** Each group of devices has a number for its name. */
async function vfioGroups(container: Docker.Container): Promise<number> {
  const archive = await container.getArchive({ path: `${DEVICES}/vfio` });
  let count = 0;
  for await (const entry of Readable.from(archive).pipe(extract())) {
    if (/\/\d+$/.test(entry.header.name)) count++;
    entry.resume();
  }
  return count;
}
