import type { EngineWay } from '../address.ts';
import type { GpuDevice, Isolation, NamedNetwork, Tee } from '../index.ts';
import type { ShareSettings } from './shares.ts';

/** What an engine is told of its location and its host. */
export interface DockerSettings {
  readonly way: EngineWay;
  /** For what a connection over ssh needs; made when it is needed. */
  readonly folder: string;
  /** The OCI runtime that every container gets; never chosen by a user. */
  readonly runtime: string;
  /** The least isolation that a group must get here; what does not prove it is removed. */
  readonly isolation: Isolation;
  /** What has to keep the memory of groups from the host; nothing without it. */
  readonly tee?: Tee | undefined;
  /** A file on the host with the name servers for groups, in place of the engine's own. */
  readonly resolverFile?: string;
  /** The GPUs that groups may be given; none without it. */
  readonly gpus?: readonly GpuDevice[];
  /** Whether another host of the location has some: what its files may ask for is the same on all of its hosts. */
  readonly gpusElsewhere?: boolean;
  /** Where file shares are and who mounts them; Azure’s own servers and a helper without it. */
  readonly shares?: ShareSettings;
  /** The NFS servers that groups may mount from. */
  readonly nfsServers?: readonly string[];
  /** Whether groups may have more rights than the engine gives by itself where they share the host's kernel. */
  readonly mayWiden?: boolean;
  /** Whether what containers print is shipped to somebody. */
  readonly shipsLogs?: boolean;
  /** Whether hosts of the location say which zone they are in. */
  readonly zoned?: boolean;
  /** The networks that groups may join; none without it. */
  readonly networks?: readonly NamedNetwork[];
  /** Two networks that no group has: for a look whether the host keeps networks apart. */
  readonly spareSubnets?: readonly [string, string] | undefined;
  /** Tells this bot's objects from those of another bot on the same engine. */
  readonly owner: string;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopGraceSeconds: number;
}
