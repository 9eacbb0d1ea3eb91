import type { Isolation } from './isolation.ts';

/** What is known of the machine behind an engine. */
export interface EngineFacts {
  readonly version: string;
  /** The version of its API that is spoken with it; 0 for an engine that has none. */
  readonly api: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly operatingSystem: 'Linux' | 'Windows';
  readonly architecture: string;
  /** What was verified, not what was asked. */
  readonly isolation: Isolation;
  /** What that verdict stands on; '' where nothing was looked at, because nothing is required. */
  readonly isolationSaw: string;
  /** The OCI runtime that groups run with, such as runc. */
  readonly runtime: string;
  /** The engine's clock minus the bot's. */
  readonly skewMs: number;
  /** What a group takes of the host's memory besides its own: the virtual machine around it. */
  readonly overheadBytes: number;
  /** Its ports are published at all of the host's addresses at once, so that the host needs to have a single one. */
  readonly publishesEverywhere?: boolean;
  /** Whether its disk keeps to the limit of scratch space (`emptyDir.sizeLimit`); absent where that is not known. */
  readonly limitsScratch?: boolean;
}
