import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { LogLine } from '../index.ts';

const HEADER_BYTES = 8;
/** A line longer than this is given in pieces, so that one line cannot fill the memory. */
const LONGEST_LINE_BYTES = 64 * 1024;

/** Which part of a log: `since` and `until` as `seconds.nanoseconds`, the way the engine takes them. */
export interface LogWindow {
  readonly tail?: number | undefined;
  readonly follow: boolean;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/**
 * The lines of one container, oldest first. The engine sends frames (1 byte stream, 3 bytes nothing, 4 bytes length)
 * that may be cut anywhere, and lines that may span frames.
 */
export async function* containerLines(
  docker: Docker,
  container: { readonly id: string; readonly name: string; readonly revision?: number },
  options: LogWindow,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const stream = await openLog(docker, container.id, options);
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const lines = new LineAssembler(container.name, container.revision);
  try {
    for await (const chunk of stream) yield* lines.take(chunk);
    yield* lines.rest();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

async function openLog(
  docker: Docker,
  id: string,
  { tail, follow, since, until }: LogWindow,
): Promise<Readable> {
  const options = {
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(tail === undefined ? {} : { tail }),
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
  };
  if (follow) return asReadable(await docker.getContainer(id).logs({ ...options, follow: true }));
  // Without `follow` dockerode gathers the whole answer; asked through the modem it stays a stream.
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/containers/${id}/logs?`,
        options,
        method: 'GET',
        isStream: true,
        statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
      },
      (error, answer) => (error ? reject(error) : resolve(asReadable(answer))),
    );
  });
}

function asReadable(stream: unknown): Readable {
  return stream as Readable; // dockerode types only the old stream interface; it is the response itself
}

/** Turns the engine's frames into lines; keeps what is not yet whole. */
export class LineAssembler {
  readonly #container: string;
  readonly #revision: { readonly revision?: number };
  readonly #open: Record<'stdout' | 'stderr', Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #pending: Buffer = Buffer.alloc(0);

  constructor(container: string, revision?: number) {
    this.#container = container;
    this.#revision = revision === undefined ? {} : { revision };
  }

  *take(chunk: Buffer): Generator<LogLine> {
    this.#pending = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    while (this.#pending.length >= HEADER_BYTES) {
      const length = this.#pending.readUInt32BE(4);
      if (this.#pending.length < HEADER_BYTES + length) return;
      const stream = this.#pending[0] === 2 ? 'stderr' : 'stdout';
      const payload = this.#pending.subarray(HEADER_BYTES, HEADER_BYTES + length);
      this.#pending = this.#pending.subarray(HEADER_BYTES + length);
      yield* this.#addTo(stream, payload);
    }
  }

  *rest(): Generator<LogLine> {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream].length) yield this.#line(stream, this.#open[stream]);
      this.#open[stream] = Buffer.alloc(0);
    }
  }

  *#addTo(stream: 'stdout' | 'stderr', payload: Buffer): Generator<LogLine> {
    // A long line comes in several frames, and the engine writes the time before each of them.
    const more = this.#open[stream].length ? withoutTime(payload) : payload;
    let text = Buffer.concat([this.#open[stream], more]);
    for (let end = text.indexOf(10); end >= 0 || text.length > LONGEST_LINE_BYTES; end = text.indexOf(10)) {
      const cut = end >= 0 ? end : LONGEST_LINE_BYTES;
      const line = this.#line(stream, text.subarray(0, cut));
      yield end >= 0 ? line : { ...line, cut: true };
      text = text.subarray(end >= 0 ? cut + 1 : cut);
    }
    this.#open[stream] = text;
  }

  #line(stream: 'stdout' | 'stderr', bytes: Buffer): LogLine {
    const whole = bytes.toString('utf8').replace(/\r$/, '');
    const blank = whole.indexOf(' ');
    const timestamp = /^\d{4}-\d\d-\d\dT/.test(whole) && blank > 0 ? whole.slice(0, blank) : '';
    return {
      container: this.#container,
      ...this.#revision,
      stream,
      timestamp,
      text: timestamp ? whole.slice(blank + 1) : whole,
    };
  }
}

function withoutTime(payload: Buffer): Buffer {
  const time = /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(Z|[+-]\d\d:\d\d) /.exec(payload.toString('latin1', 0, 40));
  return payload.subarray(time ? time[0].length : 0);
}
