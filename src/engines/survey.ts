import type { ImageStore } from './stored-images.ts';

/** More of the machine behind an engine than a deploy needs to know: what `doctor` looks at. */
export interface Survey {
  /** The newest version of its API that the engine speaks; 0 for an engine that has none. */
  readonly newestApi: number;
  /** Such as `Debian GNU/Linux 12 (bookworm), kernel 6.1.0`. */
  readonly system: string;
  /** How it keeps images and limits containers, such as `overlay2, cgroups v2`. */
  readonly storage: string;
  readonly runtimes: readonly string[];
  /** Groups go on while the engine is started anew. */
  readonly outlivesEngine: boolean;
  /** What the engine itself complains of. */
  readonly complaints: readonly string[];
  /** Folders in which it looks for devices by name (CDI); none where it does not do so. */
  readonly cdiFolders: readonly string[];
  /** Devices that it knows by name, such as `nvidia.com/gpu=0`; undefined where it does not list them, before Docker 28.2. */
  readonly cdiDevices: readonly string[] | undefined;
  /** Whether it keeps the networks of groups apart, as a packet has shown; a text says why that could not be seen. */
  readonly apart?: boolean | string;
  /** The networks that groups join and that are on this host alone, each with its interface. */
  readonly bridges?: readonly Bridge[];
  /** What its images take; undefined where the engine could not say. */
  readonly images?: ImageStore | undefined;
  /** What was seen on the machine itself; a text says why that could not be. */
  readonly machine: Machine | string;
}

export interface Bridge {
  readonly network: string;
  readonly subnet: string;
  readonly link: string;
}

/** Where packets for a range go; a range of no size is not told. */
export interface Route {
  /** Such as 10.0.0.0/8. */
  readonly range: string;
  /** The interface, such as `eth0`. */
  readonly link: string;
}

export interface Machine {
  /** IPv4, but for the one that is for everything. */
  readonly routes?: readonly Route[];
  /** Shared memory, which backs the memory of virtual machines. */
  readonly shmBytes: number | undefined;
  /**
   * Whether virtual machines can be run with the help of the processor: it was asked for one. `fails`: there is a /dev/kvm and no
   * machine to be had, as where a cloud lets no virtualisation through.
   */
  readonly kvm: 'works' | 'fails' | 'missing';
  /** Devices that are set aside for virtual machines, each a group. */
  readonly vfioGroups: number;
  readonly nvidiaDevices: number;
  /** Of the disk that images and containers lie on. */
  readonly disk?: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  /** What is mounted under the engine's folder shows in the namespaces of others, such as a shim's. */
  readonly propagates: boolean;
}
