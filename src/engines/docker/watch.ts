import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import type { Connection } from './connection.ts';
import { LABEL } from './labels.ts';
import { keyIn } from './observe.ts';

const RETRY_MS = 1_000;

/** Follows the engine's events, and follows them anew when the connection breaks. Nothing is promised: see `Engine.watch`. */
export function watchEngine(
  connection: Connection,
  owner: string,
  clock: Clock,
  hint: (key: GroupKey) => void,
): { close(): void } {
  const closing = new AbortController();
  let cancelRetry = () => {};
  const follow = async () => {
    try {
      await followOnce(connection, owner, hint, closing.signal);
    } catch {
      // The engine is away. The reconciler's own looks say so; here there is only to try again.
    }
    if (!closing.signal.aborted) cancelRetry = clock.after(RETRY_MS, () => void follow());
  };
  void follow();
  return {
    close() {
      closing.abort(new Error('the watch was closed'));
      cancelRetry();
    },
  };
}

async function followOnce(
  connection: Connection,
  owner: string,
  hint: (key: GroupKey) => void,
  signal: AbortSignal,
) {
  const docker = await connection.client();
  const stream = await openEvents(docker, owner, signal);
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

async function openEvents(docker: Docker, owner: string, signal: AbortSignal): Promise<Readable> {
  const filters = JSON.stringify({
    type: ['container'],
    event: ['die', 'oom', 'destroy'],
    label: [`${LABEL.owner}=${owner}`],
  });
  return (await within(signal, docker.getEvents({ filters }))) as Readable; // typed as the old interface; it is the response
}

function hintFrom(line: string, hint: (key: GroupKey) => void): void {
  try {
    const { Actor } = JSON.parse(line) as { Actor?: { Attributes?: Record<string, string> } };
    if (Actor?.Attributes?.[LABEL.group]) hint(keyIn(Actor.Attributes));
  } catch {
    // A line that is no event is no hint.
  }
}
