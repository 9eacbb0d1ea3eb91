import type { ContainerCreateOptions } from 'dockerode';
import type { Volume } from '../../spec/index.ts';
import type { Pod } from '../index.ts';
import { LABEL } from './labels.ts';

// Pure: what mounting a file share (SMB) takes, as data that tests compare.

/** A server that keeps the file shares of one storage account. */
export interface ShareServer {
  /** Name or address. */
  readonly server: string;
  readonly port?: number | undefined;
  /** Who logs in, where that is not the account. */
  readonly user?: string | undefined;
  /** Whether everything is encrypted, also where the server does not ask for it. */
  readonly encrypt?: boolean | undefined;
}

/** What a location says of file shares. */
export interface ShareSettings {
  /** By account; one that is not named is Azure's. */
  readonly servers: Readonly<Record<string, ShareServer>>;
  /** Who mounts: a helper of the bot's, or the engine itself, which then shows the key to whoever may ask it. */
  readonly mountedBy: 'helper' | 'engine';
}

export interface Share extends ShareServer {
  readonly volume: string;
  readonly account: string;
  readonly name: string;
  readonly readOnly: boolean;
}

/** What holds where nothing is said. */
export const AZURE_SHARES: ShareSettings = { servers: {}, mountedBy: 'helper' };

/** Azure's own servers are reached over the internet, and demand it. */
const AZURE = 'file.core.windows.net';

/** The file share that a volume is; undefined for any other volume. */
export function shareOf(
  { name: volume, azureFile }: Volume,
  servers: ShareSettings['servers'],
): Share | undefined {
  if (!azureFile) return undefined;
  const { storageAccountName: account, shareName: name, readOnly } = azureFile;
  const place = Object.hasOwn(servers, account) ? servers[account] : undefined;
  return {
    volume,
    account,
    name,
    readOnly,
    ...(place ?? { server: `${account}.${AZURE}`, encrypt: true }),
  };
}

export function sharesOf(pod: Pod, servers: ShareSettings['servers']): Share[] {
  return pod.group.volumes.flatMap((volume) => shareOf(volume, servers) ?? []);
}

/** Where the host has the shares of its groups: below the engine's own folder, the one place whose mounts every engine passes on. */
export function sharesFolder(engineFolder: string): string {
  return `${engineFolder}/katabot-shares`;
}

/** The kernel's options: whom to ask and as whom, and everything readable and writable for whoever runs in the group (as in ACI). */
export function shareOptions(share: Share, address: string, key: string): string {
  return [
    `addr=${address}`,
    ...(share.port === undefined ? [] : [`port=${share.port}`]),
    'vers=3', // 3.0 and newer: nothing older is encrypted
    ...(share.encrypt ? ['seal'] : []),
    `username=${escaped(share.user ?? share.account)}`,
    `password=${escaped(key)}`,
    'uid=0,gid=0,dir_mode=0777,file_mode=0777',
    'serverino,nosharesock,mfsymlinks,actimeo=30', // as Azure advises
  ].join(',');
}

/** A comma ends an option, two are one (fs/smb/client/fs_context.c). */
function escaped(text: string): string {
  return text.replaceAll(',', ',,');
}

/** What the kernel calls the share; the address that is spoken to is an option. */
export function shareSource({ server, name }: Share): string {
  return `//${server}/${name}`;
}

interface HelperPlace {
  readonly owner: string;
  /** The pod and the volume that it works for, such as `katabot.production.shop.r3`. */
  readonly pod: string;
  readonly image: string;
  /** The folder on the host that has all shares. */
  readonly folder: string;
}

/**
 * A container that mounts and ends. It has the host's network, through which the kernel speaks to the server from then on, and
 * the one right that mounting takes; the options come to its standard input and are written nowhere.
 */
export function mountHelper(place: HelperPlace, share: Share): ContainerCreateOptions & { name: string } {
  const words = ['mount', 'cifs', shareSource(share), ...placesOf(place.pod, [share.volume])];
  return helper(place, `${place.pod}.${share.volume}.share`, [...words, share.readOnly ? 'ro' : 'rw']);
}

/** A container that unmounts the shares of a pod, and removes where they were. */
export function unmountHelper(
  place: HelperPlace,
  volumes: readonly string[],
): ContainerCreateOptions & { name: string } {
  return helper(place, `${place.pod}.shares`, ['unmount', ...placesOf(place.pod, volumes)]);
}

/** The helper sees the folder of all shares at `/shares`. */
function placesOf(pod: string, volumes: readonly string[]): string[] {
  return [`/shares/${pod}`, ...volumes.map((volume) => `/shares/${pod}/${volume}`)];
}

function helper({ owner, pod, image, folder }: HelperPlace, name: string, words: readonly string[]) {
  return {
    name,
    Image: image,
    Entrypoint: ['/share'],
    Cmd: [...words],
    OpenStdin: true,
    StdinOnce: true,
    Labels: { [LABEL.pod]: pod, [LABEL.look]: owner },
    HostConfig: {
      Runtime: 'runc', // the group's own may have a kernel of its own, and the mount belongs into the host's
      NetworkMode: 'host',
      UsernsMode: 'host',
      Binds: [`${folder}:/shares:rshared`],
      CapDrop: ['ALL'],
      CapAdd: ['SYS_ADMIN'],
      SecurityOpt: ['apparmor=unconfined', 'label=disable'], // both forbid mounting
      ReadonlyRootfs: true,
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
    },
  };
}
