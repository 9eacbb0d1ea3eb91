import type { WebSocket } from 'ws';
import type { Session } from '../../engines/index.ts';
import { Failure } from '../../failure.ts';

// Kubernetes' remote command protocol, v5.channel.k8s.io: the first byte of every message names its channel.
const INPUT = 0;
const OUTPUT = { stdout: 1, stderr: 2 } as const;
const STATUS = 3;
const RESIZE = 4;
const CLOSE = 255;

const MOST_UNSENT_BYTES = 1_048_576;

/** Carries a session over a websocket to its end. Whoever is slower holds the other back. */
export async function carry(
  websocket: WebSocket,
  session: Session,
  reportInternal: (error: unknown) => string,
): Promise<void> {
  websocket.on('message', (message: Buffer) => hear(websocket, session, message));
  websocket.on('error', () => websocket.terminate());
  websocket.on('close', () => session.close());
  try {
    for await (const { stream, bytes } of session.output) await send(websocket, OUTPUT[stream], bytes);
    await send(websocket, STATUS, statusOf(await session.exitCode));
    websocket.close(1000);
  } catch (error) {
    if (websocket.readyState !== websocket.OPEN) return;
    await send(websocket, STATUS, failureOf(error, reportInternal));
    websocket.close(error instanceof Failure ? 1000 : 1011);
  }
}

function hear(websocket: WebSocket, session: Session, message: Buffer): void {
  const bytes = message.subarray(1);
  switch (message[0]) {
    case INPUT:
      websocket.pause();
      void session.write(bytes).then(
        () => websocket.resume(),
        () => websocket.resume(),
      );
      return;
    case RESIZE:
      void resize(session, bytes.toString('utf8'));
      return;
    case CLOSE:
      if (bytes[0] === INPUT) session.endInput();
  }
}

async function resize(session: Session, text: string): Promise<void> {
  try {
    const { Width, Height }: { Width?: unknown; Height?: unknown } = Object(JSON.parse(text));
    const size = { rows: Number(Height), columns: Number(Width) };
    if (Object.values(size).every((each) => Number.isInteger(each) && each > 0 && each < 10_000))
      await session.resize(size);
  } catch {
    // a window whose size cannot be set is no reason to end what runs in it
  }
}

function send(websocket: WebSocket, channel: number, bytes: Uint8Array): Promise<void> {
  const sent = new Promise<void>((resolve) =>
    websocket.send(Buffer.concat([Uint8Array.of(channel), bytes]), () => resolve()),
  );
  return websocket.bufferedAmount > MOST_UNSENT_BYTES ? sent : Promise.resolve();
}

/** Kubernetes' Status: how the program has ended. */
function statusOf(exitCode: number): Buffer {
  return asJson(
    exitCode === 0
      ? { status: 'Success' }
      : {
          status: 'Failure',
          reason: 'NonZeroExitCode',
          message: `The program ended with exit code ${exitCode}.`,
          details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
        },
  );
}

function failureOf(error: unknown, reportInternal: (error: unknown) => string): Buffer {
  if (error instanceof Failure) {
    const { code, message, advice } = error;
    return asJson({ status: 'Failure', code, message, advice });
  }
  const message = `Something went wrong inside the bot (reference ${reportInternal(error)}).`;
  return asJson({ status: 'Failure', code: 'internal', message });
}

function asJson(status: unknown): Buffer {
  return Buffer.from(JSON.stringify(status));
}
