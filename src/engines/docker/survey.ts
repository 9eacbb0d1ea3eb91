import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { within } from '../../clock.ts';
import { messageOf } from '../../failure.ts';
import type { Machine, Survey } from '../survey.ts';
import { engineMessage, statusOf } from './causes.ts';
import type { Connection } from './connection.ts';
import { LABEL } from './labels.ts';
import { containerLines } from './logs.ts';
import { ensureSandboxImage } from './sandbox-image.ts';

/** Asks the engine, and looks at its machine through a container of the bot's own that may do nothing. */
export async function surveyOf(
  { connection, owner }: { connection: Connection; owner: string },
  signal: AbortSignal,
): Promise<Survey> {
  const info: EngineInfo = await connection.call('to describe itself', (docker) => docker.info(), signal);
  const { engine: newestApi } = await connection.api();
  return {
    newestApi,
    system: [info.OperatingSystem, info.KernelVersion && `kernel ${info.KernelVersion}`]
      .filter(Boolean)
      .join(', '),
    storage: [info.Driver, info.CgroupVersion && `cgroups v${info.CgroupVersion}`].filter(Boolean).join(', '),
    runtimes: Object.keys(info.Runtimes ?? {}),
    outlivesEngine: info.LiveRestoreEnabled === true,
    complaints: (info.Warnings ?? []).map((text) => text.replace(/^WARNING: /, '')),
    cdiFolders: info.CDISpecDirs ?? undefined,
    cdiDevices: (info.DiscoveredDevices ?? []).map(({ ID }) => ID),
    machine:
      info.OSType === 'windows'
        ? 'on Windows there is nothing to look at'
        : await connection
            .call(
              'to look at its machine',
              (docker) => look(docker, info.Architecture, owner, signal),
              signal,
            )
            .catch((error: unknown) => messageOf(error)),
  };
}

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
    Cmd: ['/proc/self/mountinfo'],
    Labels: { [LABEL.look]: owner },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: [
        { Type: 'bind', Source: '/dev', Target: DEVICES, ReadOnly: true },
        { Type: 'bind', Source: '/dev/shm', Target: SHARED_MEMORY, ReadOnly: true },
      ],
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
      kvm: await isThere(container, 'kvm'),
      vfioGroups: (await isThere(container, 'vfio')) ? await vfioGroups(container) : 0,
      nvidiaDevices,
    };
  } finally {
    await container.remove({ force: true, v: true }).catch(() => {}); // it may have gone with its engine
  }
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
