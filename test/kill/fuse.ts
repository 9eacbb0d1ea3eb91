/** Ends its own process, as a power cut does, at one chosen moment of many. */
import { appendFileSync } from 'node:fs';

export interface Fuse {
  /** The process dies at the n-th moment from now; one that never comes only counts. */
  arm(moment: number): void;
  /** Moments since it was armed. */
  readonly moments: number;
  /** One moment: dies here, or goes on. */
  pass(name: string): void;
}

/** Writes the name of the moment of death to a file first. */
export function createFuse(file: string): Fuse {
  let left = Number.POSITIVE_INFINITY;
  let moments = 0;
  return {
    arm(moment) {
      left = moment;
      moments = 0;
    },
    get moments() {
      return moments;
    },
    pass(name) {
      moments += 1;
      left -= 1;
      if (left > 0) return;
      appendFileSync(file, `${name}\n`);
      process.kill(process.pid, 'SIGKILL');
    },
  };
}

/**
 * The same thing, with a moment after each call of the methods that are named. The moment before a call is the one after the
 * call before it, unless something happened that no fuse is in: a push moves its branch before the first `entering` call.
 */
export function withFuse<Thing extends object>(
  thing: Thing,
  name: string,
  methods: readonly (keyof Thing)[],
  fuse: Fuse,
  entering: readonly (keyof Thing)[] = [],
): Thing {
  const isAmong = (list: readonly (keyof Thing)[], property: string | symbol) =>
    list.some((method) => method === property);
  return new Proxy(thing, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== 'function' || !isAmong(methods, property)) return method;
      return async (...given: readonly unknown[]) => {
        const label = `${name}.${String(property)}${stepIn(given[0])}`;
        if (isAmong(entering, property)) fuse.pass(`before ${label}`);
        const answer: unknown = await Reflect.apply(method, target, given);
        fuse.pass(`after ${label}`);
        return answer;
      };
    },
  });
}

/** Steps of an engine carry their kind. */
function stepIn(given: unknown): string {
  return typeof given === 'object' && given !== null && 'kind' in given ? ` ${String(given.kind)}` : '';
}
