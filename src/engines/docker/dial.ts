import { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import { Failure } from '../../failure.ts';
import { type DialRequest, meant } from '../index.ts';
import { containersOf } from './adopted.ts';
import type { Connection } from './connection.ts';
import { LABEL, podRevisionIn } from './labels.ts';
import { ended } from './programs.ts';
import { DIAL_PATH } from './sandbox-image.ts';
import { framedOutput, type Part } from './sessions.ts';

interface DialParts {
  readonly connection: Connection;
  readonly owner: string;
  readonly clock: Clock;
}

/**
 * Connects by a program that runs in the group's sandbox: that works wherever the engine is, for ports that are not
 * published, and with every runtime. It goes to the sandbox's own address, as a client from outside would.
 */
export async function openDial(
  { connection, owner, clock }: DialParts,
  { key, port, upTo }: DialRequest,
  signal: AbortSignal,
): Promise<Duplex> {
  const open = async (docker: Docker) => {
    const running = (await containersOf(docker, owner, { key, all: false })).filter(
      ({ Labels, State }) => Labels[LABEL.role] === 'sandbox' && State === 'running',
    );
    const [sandbox] = meant(running, ({ Labels }) => podRevisionIn(Labels), upTo);
    const address = Object.values(sandbox?.NetworkSettings.Networks ?? {})[0]?.IPAddress;
    if (!sandbox || !address) {
      throw new Failure('container-not-running', `The sandbox of ${key} does not run.`, {
        advice: 'Start the group.',
      });
    }
    const exec = await docker.getContainer(sandbox.Id).exec({
      Cmd: [DIAL_PATH, address, String(port)],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    return { exec, socket: await exec.start({ hijack: true, stdin: true }) };
  };
  const { exec, socket } = await connection.call(`to connect to port ${port}`, open, signal);
  socket.on('error', () => {}); // told by the output's end
  const parts = framedOutput(socket);
  try {
    const { value } = await within(signal, parts.next());
    if (value?.stream !== 'stderr' || value.bytes[0] !== STARTED) throw unstarted(value);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const look = async () => (await connection.call('to end', () => exec.inspect(), signal)) ?? {};
  return duplexOver(socket, parts, () => ended(clock, signal, look));
}

/** The dot that the program writes as soon as it runs. */
const STARTED = 0x2e;

function unstarted(said: Part | undefined): Failure {
  const words = said ? Buffer.from(said.bytes).toString('utf8').trim().slice(0, 200) : 'it ended at once';
  return new Failure('sandbox-outdated', `The sandbox cannot connect to its ports: ${words}.`, {
    advice: 'It was made by an older version of the bot: stop the group and start it again.',
  });
}

function duplexOver(socket: Duplex, parts: AsyncGenerator<Part>, exitCode: () => Promise<number>): Duplex {
  const stream = new Duplex({
    read() {
      pull().catch((error: unknown) => stream.destroy(error instanceof Error ? error : undefined));
    },
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  stream.on('error', () => {}); // whoever uses it looks at `errored`, or hears of it too
  const pull = async (): Promise<void> => {
    const { value, done } = await parts.next();
    if (stream.destroyed) return;
    if (!done) return value.stream === 'stdout' ? void stream.push(value.bytes) : pull();
    const code = await exitCode();
    if (code === 0) stream.push(null);
    else stream.destroy(new Error(LINUX_ERRORS[code] ?? `error ${code} of the network`));
  };
  return stream;
}

/** The program ends with Linux' own numbers, whatever system the bot runs on. */
const LINUX_ERRORS: Readonly<Record<number, string>> = {
  101: 'network unreachable',
  110: 'connection timed out',
  111: 'connection refused',
  113: 'no route to host',
};
