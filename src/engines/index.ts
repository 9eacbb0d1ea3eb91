/**
 * What the reconciler knows of any engine: look, take one step, read logs, hear hints.
 * Differences between engines are data (`gaps`, `facts`); nothing outside an engine's folder asks which one it is.
 */
import type { Duplex } from 'node:stream';
import type { Fact, GroupKey } from '../event.ts';
import type { Failure } from '../failure.ts';
import type { Gap, Group, RegistryCredential } from '../spec/index.ts';
import type { EngineFacts } from './facts.ts';
import type { LogLine } from './log-line.ts';
import type { Published } from './published.ts';
import type { AttachRequest, DialRequest, ExecRequest, LogRequest, Session } from './requests.ts';
import type { StandbyHost } from './standby.ts';
import type { ImageStore, StoredImage } from './stored-images.ts';
import type { Survey } from './survey.ts';

export { type EngineWay, wayProblem } from './address.ts';
export type { EngineFacts } from './facts.ts';
export {
  type Gpu,
  type GpuDevice,
  type GpuProcess,
  type GpuWay,
  gpusOfHost,
  gpusSchema,
  gpuWay,
} from './gpus.ts';
export { type Isolation, isIsolated, type Receipt, type Tee, weakest } from './isolation.ts';
export { type LogLine, lineMask } from './log-line.ts';
export { meant } from './meant.ts';
export { type NamedNetwork, namesClash, namesInNetwork } from './networks.ts';
export {
  type Candidate,
  canWait,
  type Need,
  needOf,
  type Placement,
  place,
  type Shortage,
  shortagesOn,
} from './placement.ts';
export type { Published } from './published.ts';
export type {
  AttachRequest,
  DialRequest,
  ExecRequest,
  LogRequest,
  Session,
  TerminalSize,
} from './requests.ts';
export {
  bytesOfClass,
  classFrom,
  classText,
  type ObservedStandby,
  type SizeClass,
  type Standby,
  type StandbyHost,
  standbyKey,
  standbyName,
  unfitFor,
} from './standby.ts';
export { type StandbyWish, standbyOfLocation, standbySchema } from './standby-setting.ts';
export type { ImageStore, StoredImage } from './stored-images.ts';
export type { Survey } from './survey.ts';

export interface Engine {
  /** What of the spec this engine cannot do yet: each becomes a problem with its own sentence. */
  readonly gaps: readonly Gap[];
  /** The machine behind the engine, asked anew. Throws a Failure `engine-unreachable`. */
  describe(signal: AbortSignal): Promise<EngineFacts>;
  /** More of that machine, for who looks after it; takes a moment. Throws a Failure `engine-unreachable`. */
  survey(signal: AbortSignal): Promise<Survey>;
  /** The group as it is now, or every group of this bot. Groups that have left nothing are absent. */
  observe(signal: AbortSignal, key?: GroupKey): Promise<Map<GroupKey, ObservedGroup>>;
  /** Takes one idempotent step. Throws a Failure that names the cause. */
  apply(step: Step, context: StepContext): Promise<StepResult>;
  /** Lines of a group's members, oldest first. */
  logs(request: LogRequest, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Runs a program in a running member: argv, never through a shell. Throws a Failure `container-not-running`, `command-not-found`. */
  exec(request: ExecRequest, signal: AbortSignal): Promise<Session>;
  /** The output of a member's own program from now on, byte for byte; ends with the member. */
  attach(request: AttachRequest, signal: AbortSignal): Promise<Session>;
  /**
   * Connects to a port of a running group from inside its own network, also to one that is not published. Resolves when the
   * connecting begins; whether anybody answers shows in the stream, which fails (`errored`) with one line such as `connection refused`.
   * Throws a Failure `container-not-running` when the sandbox does not run.
   */
  dial(request: DialRequest, signal: AbortSignal): Promise<Duplex>;
  /** What running members use now; those of one group, or all of this bot. */
  usage(signal: AbortSignal, key?: GroupKey): Promise<Map<GroupKey, ContainerUsage[]>>;
  /**
   * What would keep an image from being pulled or from running, asked before: of the host, and of the image's registry where the host
   * has it not. Resolves with undefined when nothing is known against it. Pulls nothing.
   */
  checkImage(wanted: WantedImage, signal: AbortSignal): Promise<Failure | undefined>;
  /** The images of the host, with what they take; takes a moment. Throws a Failure `engine-unreachable`. */
  storedImages(signal: AbortSignal): Promise<ImageStore>;
  /** Removes an image, unless it is used or has got another name by then: gives whether it is gone. */
  dropImage(image: StoredImage, signal: AbortSignal): Promise<boolean>;
  /**
   * Sandboxes that wait. The step `create-sandbox` takes over the one that has the pod's network: from then on it is that pod's,
   * whatever happens to the bot. One that cannot be taken over goes, and another is made.
   */
  readonly standby: StandbyHost;
  /** Calls `hint` when something may have happened to a group. Hints may be lost, doubled or wrong. */
  watch(hint: (key: GroupKey) => void): { close(): void };
  /** Ends what holds the connection open. Groups go on. */
  close(): Promise<void>;
}

/** Everything an engine has to know to run one revision of a group. Plain data; made by the reconciler. */
export interface Pod {
  readonly key: GroupKey;
  readonly revision: number;
  /** The revision that the sandbox was (or will be) made for: smaller than `revision` after an update of members only. */
  readonly podRevision: number;
  readonly group: Group;
  /** Where the revision came from; written on every object, so that a lost store can be rebuilt. */
  readonly origin: { readonly repository: string; readonly commit: string; readonly path: string };
  /** Changes when the whole pod must be made anew. */
  readonly fingerprint: string;
  /** Container name -> changes when that member must be made anew. */
  readonly memberFingerprints: Readonly<Record<string, string>>;
  /** The group's first address on the host, or '' for a group without one. */
  readonly address: string;
  /** Every port at every address; nothing else is reached from outside. */
  readonly published: readonly Published[];
  /** The group's own network, such as 198.18.0.16/28. */
  readonly subnet: string;
  /** Container -> the ids of the GPUs that it is given; containers without one are absent. */
  readonly gpus: Readonly<Record<string, readonly string[]>>;
  /**
   * Image as written -> what it was pinned to (an id or a digest); filled by the step `pull`. What that step finds here is
   * to be had as it is: a revision that goes back runs what ran then, or fails with `image-pruned`.
   */
  readonly images: Readonly<Record<string, string>>;
  /** When the meter of this pod began before its sandbox existed (first pull), epoch ms. */
  readonly meteredFromMs?: number;
}

export type Step =
  | { kind: 'pull'; pod: Pod }
  | { kind: 'create-sandbox'; pod: Pod }
  | { kind: 'start-init'; pod: Pod; sandboxId: string; container: string }
  | { kind: 'start-members'; pod: Pod; sandboxId: string; containers: readonly string[] }
  /** Brings what may change without a restart, the config maps, into a group that runs. */
  | { kind: 'deliver'; pod: Pod; sandboxId: string }
  | { kind: 'remove-members'; key: GroupKey; ids: readonly string[] }
  /** SIGTERM, grace, SIGKILL: members side by side, then the sandbox unless it is ''. */
  | { kind: 'stop'; key: GroupKey; members: readonly string[]; sandbox: string }
  /** `keepVolumes` when the same pod is made anew: what its containers wrote is still there. */
  | { kind: 'remove'; key: GroupKey; podId: string; keepVolumes: boolean };

export interface StepContext {
  readonly signal: AbortSignal;
  /** Awaited where the fact must be written down before the engine goes on, as the start of a pull. */
  report(fact: Fact): Promise<void>;
}

export interface WantedImage {
  readonly image: string;
  readonly credentials: readonly RegistryCredential[];
}

export interface StepResult {
  /** Image as written -> pinned; from `pull` alone. */
  readonly images?: Record<string, string>;
  /** Those of them, as written, that were not on the host before. */
  readonly pulled?: readonly string[];
}

export interface ObservedGroup {
  readonly key: GroupKey;
  /** Usually one; two while a revision is tried beside another, after mischief, or after a crash in between. Oldest first. */
  readonly pods: readonly ObservedPod[];
}

/** One sandbox and what joined it, or what is left of it. Times are the engine's own, epoch ms. */
export interface ObservedPod {
  /** Names every object of the pod: `(group, revision)`. */
  readonly id: string;
  readonly revision: number;
  readonly fingerprint: string;
  /** `absent`: the sandbox is gone while members, a network or a volume remain; with its fingerprint when volumes do. */
  readonly state: 'created' | 'running' | 'exited' | 'absent';
  readonly sandboxId: string;
  readonly address: string;
  /** What is published, and the group's own network, where the engine shows them. */
  readonly published?: readonly Published[];
  readonly subnet?: string;
  readonly createdAtMs: number;
  /** From the label: when the meter began, if that was before the sandbox existed. */
  readonly meteredFromMs?: number;
  readonly finishedAtMs?: number;
  readonly members: readonly ObservedMember[];
}

export interface ObservedMember {
  readonly id: string;
  readonly name: string;
  readonly init: boolean;
  readonly revision: number;
  readonly fingerprint: string;
  readonly image: string;
  /** Ids of the GPUs that it was made with. */
  readonly gpus: readonly string[];
  readonly state: 'created' | 'running' | 'exited';
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly exitCode?: number;
  readonly outOfMemory: boolean;
  /** The engine's own words when it could not start the member. */
  readonly error: string;
  /** What somebody changed behind the bot's back, in words; what the engine cannot show is not in it. */
  readonly changed: readonly string[];
}

export interface ContainerUsage {
  readonly container: string;
  /** Which one its sandbox was made for: `meant` tells those apart that have the same name. */
  readonly podRevision: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly processes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}
