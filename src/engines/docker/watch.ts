import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import { containersOf } from './adopted.ts';
import type { Connection } from './connection.ts';
import { LABEL, ownedBy } from './labels.ts';
import { changesOf, keyIn } from './observe.ts';
import { removeUnusedNetworks } from './removal.ts';

const RETRY_MS = 1_000;
/** Events can be lost; a look this often finds what they would have said. One call, however many groups there are. */
const LOOK_EVERY_MS = 30_000;
/** What somebody changed of a container shows in no list, so each is asked about this often, one after the other. */
const LOOK_CLOSELY_EVERY_MS = 5 * 60_000;

/** Follows the engine's events, looks now and then, and does both anew when the connection breaks. See `Engine.watch`. */
export function watchEngine(
  connection: Connection,
  owner: string,
  clock: Clock,
  hint: (key: GroupKey) => void,
): { close(): void } {
  const closing = new AbortController();
  const seen = new Map<GroupKey, string>();
  const cancels = new Set<() => void>();
  const later = (delayMs: number, work: () => Promise<void>) => {
    if (closing.signal.aborted) return;
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel);
      void work();
    });
    cancels.add(cancel);
  };
  const look = async () => {
    await lookForChanges(connection, owner, seen, hint, closing.signal).catch(() => {});
    later(LOOK_EVERY_MS, look);
  };
  const lookClosely = async () => {
    await hintAtChanged(connection, owner, hint, closing.signal).catch(() => {});
    later(LOOK_CLOSELY_EVERY_MS, lookClosely);
  };
  const tidy = async () => {
    await removeEmptyNetworks(connection, owner, closing.signal).catch(() => {}); // the next look tries again
    later(LOOK_CLOSELY_EVERY_MS, tidy);
  };
  const follow = async () => {
    // The engine may be away. The reconciler's own looks say so; here there is only to try again.
    await followEvents(connection, owner, hint, closing.signal).catch(() => {});
    later(RETRY_MS, follow);
  };
  void look();
  void follow();
  void tidy();
  later(LOOK_CLOSELY_EVERY_MS, lookClosely);
  return {
    close() {
      closing.abort(new Error('the watch was closed'));
      for (const cancel of cancels) cancel();
    },
  };
}

/** Hints at every group whose containers are others, or in other states, than at the last look. */
async function lookForChanges(
  connection: Connection,
  owner: string,
  seen: Map<GroupKey, string>,
  hint: (key: GroupKey) => void,
  signal: AbortSignal,
): Promise<void> {
  const list = (docker: Docker) => containersOf(docker, owner, { all: true });
  const containers = await connection.call('to list its containers', list, signal);
  const byGroup = Map.groupBy(containers, ({ Labels }) => keyIn(Labels));
  for (const key of new Set([...seen.keys(), ...byGroup.keys()])) {
    const states = (byGroup.get(key) ?? []).map(({ Id, State }) => `${Id} ${State}`);
    const digest = states.sort().join('\n');
    if (digest !== seen.get(key)) hint(key);
    if (digest) seen.set(key, digest);
    else seen.delete(key);
  }
}

/** Hints at every group with a container that somebody has changed, such as with `docker update`. */
async function hintAtChanged(
  connection: Connection,
  owner: string,
  hint: (key: GroupKey) => void,
  signal: AbortSignal,
): Promise<void> {
  const list = (docker: Docker) => docker.listContainers({ filters: ownedBy(owner) });
  for (const { Id, Labels } of await connection.call('to list its containers', list, signal)) {
    const inspect = (docker: Docker) => docker.getContainer(Id).inspect();
    const container = await connection.call('to look at a container', inspect, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (container && changesOf(container).length) hint(keyIn(Labels));
  }
}

/** The last group of a network takes it along; a bot that died in between has left it, and no group leads there any more. */
function removeEmptyNetworks(connection: Connection, owner: string, signal: AbortSignal): Promise<void> {
  return connection.call('to remove empty networks', (docker) => removeUnusedNetworks(docker, owner), signal);
}

async function followEvents(
  connection: Connection,
  owner: string,
  hint: (key: GroupKey) => void,
  signal: AbortSignal,
): Promise<void> {
  const docker = await connection.client();
  const filters = JSON.stringify({
    type: ['container'],
    event: ['die', 'oom', 'destroy', 'pause', 'update'],
    label: [`${LABEL.owner}=${owner}`],
  });
  // Typed as the old stream interface; it is the response itself.
  const stream = (await within(signal, docker.getEvents({ filters }))) as Readable;
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let pending = '';
  try {
    for await (const chunk of stream) {
      const lines = `${pending}${chunk}`.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) hintFrom(line, hint);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function hintFrom(line: string, hint: (key: GroupKey) => void): void {
  try {
    const { Actor } = JSON.parse(line) as { Actor?: { Attributes?: Record<string, string> } };
    if (Actor?.Attributes?.[LABEL.group]) hint(keyIn(Actor.Attributes));
  } catch {
    // A line that is no event is no hint.
  }
}
