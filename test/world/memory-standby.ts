/** Sandboxes that wait, of the engine that keeps its containers in memory. */
import type { Clock } from '../../src/clock.ts';
import {
  classFrom,
  classText,
  type ObservedStandby,
  type Pod,
  type StandbyHost,
  unfitFor,
} from '../../src/engines/index.ts';
import type { Failure } from '../../src/failure.ts';

type Waiting = { -readonly [Key in keyof ObservedStandby]: ObservedStandby[Key] };

export interface MemoryStandby extends StandbyHost {
  /** The next sandbox that is to wait cannot be made. */
  failNext(failure: Failure): void;
  /** One that waits ends by itself. */
  exit(id: string): void;
  /** The sandbox that waits in the pod's network is its own from now on; one that does not fit goes. */
  takeOver(pod: Pod): string | undefined;
  /** A group's sandbox was ended or removed. */
  forget(sandboxId: string): void;
}

export function createMemoryStandby(clock: Clock, reach: () => void, nextId: () => string): MemoryStandby {
  const all: Waiting[] = [];
  const failures: Failure[] = [];
  const drop = (each: Waiting) => void all.splice(all.indexOf(each), 1);
  const waits = (id: string) => all.find((each) => each.id === id && !each.adopted);
  const end = (each: Waiting) =>
    Object.assign(each, { state: 'exited', ready: false, finishedAtMs: clock.now() });
  return {
    async list() {
      reach();
      return all.map((each) => ({ ...each }));
    },
    async prepare({ id, size, subnet, published }) {
      reach();
      const failure = failures.shift();
      if (failure) throw failure;
      const made = { createdAtMs: clock.now(), state: 'running', ready: true } as const;
      if (!waits(id))
        all.push({ id, sandboxId: nextId(), size: classText(size), subnet, published, ...made });
    },
    async discard(id) {
      reach();
      const found = waits(id);
      if (found?.state === 'running') end(found);
      else if (found) drop(found);
    },
    failNext: (failure) => void failures.push(failure),
    exit(id) {
      const found = waits(id);
      if (found) end(found);
    },
    takeOver(pod) {
      const found = all.find((each) => !each.adopted && pod.subnet && each.subnet === pod.subnet);
      if (!found) return undefined;
      const places = [found.published, pod.published].map((each) => JSON.stringify(each));
      const isFit = unfitFor(pod.group, classFrom(found.size), { exact: false }) === undefined;
      if (found.state !== 'running' || !isFit || places[0] !== places[1]) {
        drop(found);
        return undefined;
      }
      found.adopted = { key: pod.key, atMs: clock.now() };
      return found.sandboxId;
    },
    forget(sandboxId) {
      const found = all.find((each) => each.sandboxId === sandboxId);
      if (found) drop(found);
    },
  };
}
