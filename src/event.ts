/** What happened. Threads, the bill, the audit and the metrics are read from events; nothing else is told twice. */
import type { About } from './failure.ts';

/** `environment/name`: one group. Unique in a bot; `production/hello` is what people call `hello`. */
export type GroupKey = `${string}/${string}`;

export function groupKey(environment: string, name: string): GroupKey {
  return `${environment}/${name}`;
}

export function partsOf(key: GroupKey): { environment: string; name: string } {
  const slash = key.indexOf('/');
  return { environment: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** A fact about one group. `atMs` is the bot's clock, `revision` the revision it is about. */
export interface Event {
  readonly atMs: number;
  readonly group: GroupKey;
  readonly revision: number;
  readonly fact: Fact;
}

export type Fact =
  /** `beside`: what ran before serves until this one is healthy. */
  | { kind: 'accepted'; by: string; commit: string; change: Effect; beside?: boolean }
  /** Which host of several a new group goes to; `fitting` of the `asked` had room, `standby` of them a sandbox for it. */
  | {
      kind: 'placed';
      host: string;
      freeBytes: number;
      totalBytes: number;
      fitting: number;
      standby?: number;
      asked: number;
    }
  /** No host has room now; it comes up as soon as one does. `ahead`: how many groups get theirs before. */
  | { kind: 'queued'; missing: string; ahead?: number }
  | {
      kind: 'image';
      image: string;
      state: 'present' | 'pulling' | 'pulled';
      digest: string;
      tookMs: number;
      /** The processor that the image is made for, when it is another one than the host's. */
      foreign?: string;
    }
  | { kind: 'pull-progress'; image: string; percent: number }
  /** `standby`: it had waited for a group, and this one has taken it over. */
  | { kind: 'sandbox-started'; sandboxId: string; standby?: boolean }
  /** What was seen of the sandbox's isolation, from outside and from inside. */
  | { kind: 'isolation'; level: 'hypervisor' | 'sandbox' | 'none'; saw: string }
  | { kind: 'member-started'; container: string; restartCount: number }
  | {
      kind: 'member-exited';
      container: string;
      exitCode: number;
      reason: string;
      restartAtMs?: number;
      asked?: boolean;
    }
  /** A probe has failed as often in a row as its failureThreshold says; `answer` is its last one. */
  | { kind: 'unhealthy'; container: string; probe: 'liveness' | 'readiness'; answer: string }
  | { kind: 'ready'; container: string }
  /** The bot is about to end the run that began then, to start the container anew as its restart policy says. */
  | { kind: 'killing'; container: string; startedAtMs: number; reason: string }
  /** It goes on by itself when it is its turn; `ahead` is how many groups have waited for longer. */
  | {
      kind: 'gpu-waits';
      /** The host, which a location of one is called like. */
      location: string;
      shortages: readonly { sku: string; wanted: number; free: number; ahead: number }[];
    }
  /** Its GPUs have had nothing to do for an hour; told once of a revision. `perHour` is what the group costs, such as `$3.11`. */
  | { kind: 'gpu-idle'; gpus: number; perHour: string }
  /** A Spot group has made room for a Regular one; `returns`: it comes back when there is room again. */
  | { kind: 'evicted'; returns: boolean }
  | { kind: 'running'; containers: number; tookMs: number }
  | { kind: 'finished'; outcome: 'Succeeded' | 'Failed' | 'Stopped' }
  | ({ kind: 'failed'; code: string; message: string; advice: string } & About)
  /** The engine refused an address or a port of it, and another one took its place. */
  | { kind: 'moved'; from: Place; to: Place; why: string }
  | { kind: 'superseded'; by: number }
  | { kind: 'drifted'; what: string; mended: boolean }
  | { kind: 'stopping'; by: string }
  | { kind: 'stopped' }
  | { kind: 'starting'; by: string }
  | { kind: 'restarting'; by: string; reason: string }
  | { kind: 'extended'; by: string; untilMs: number | null }
  | { kind: 'expired' }
  | { kind: 'removing'; by: string }
  | { kind: 'removed' };

/** A port at an address of the host. */
interface Place {
  readonly address: string;
  readonly hostPort: number;
}

/** How a change of a field reaches a group that runs: not at all, by restarting members, by a new pod. */
export type Effect = 'create' | 'none' | 'in-place' | 'restart' | 'replace';
