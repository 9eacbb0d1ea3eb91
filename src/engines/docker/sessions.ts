import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { Clock } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import { Failure } from '../../failure.ts';
import { type AttachRequest, type ExecRequest, meant, type Session, type TerminalSize } from '../index.ts';
import { statusOf } from './causes.ts';
import type { Connection } from './connection.ts';
import { ENTER_PATH, withEnvironment } from './containers.ts';
import { LABEL, ownedBy, podRevisionIn } from './labels.ts';
import { begun, ended } from './programs.ts';

interface SessionParts {
  readonly connection: Connection;
  readonly owner: string;
  readonly clock: Clock;
}

/**
 * Runs a program in a running member, with the environment of the member's own program. The engine has no way to end such
 * a program: it ends with its own input, with the hangup of its terminal, or with the container.
 */
export async function openExec(
  { connection, owner, clock }: SessionParts,
  { command, input, terminal, ...which }: ExecRequest,
  signal: AbortSignal,
): Promise<Session> {
  const { Id, Mounts } = await runningMember(connection, owner, which, signal);
  const isSecure = Mounts.some(({ Destination }) => Destination === ENTER_PATH);
  const tty = terminal !== undefined;
  const open = async (docker: Docker) => {
    const exec = await docker.getContainer(Id).exec({
      Cmd: isSecure ? withEnvironment(command) : [...command],
      AttachStdin: input,
      AttachStdout: true,
      AttachStderr: !tty,
      Tty: tty,
    });
    return { exec, socket: await exec.start({ hijack: true, stdin: true, Tty: tty }) };
  };
  const { exec, socket } = await connection.call(`to run ${command[0]}`, open, signal);
  const resize = async (size: TerminalSize) => {
    await connection.call('to resize', () => exec.resize({ h: size.rows, w: size.columns }), signal);
  };
  if (terminal) await resize(terminal).catch(() => {}); // a program that has ended already needs no size
  const look = async () => (await connection.call('to end', () => exec.inspect(), signal)) ?? {};
  return sessionOver(socket, {
    tty,
    signal,
    resize,
    begun: () => begun(clock, signal, look),
    exitCode: () => ended(clock, signal, look),
    command: command[0] ?? '',
    complaints: isSecure ? [...COMPLAINTS, ...ENTER_COMPLAINTS] : COMPLAINTS,
  });
}

/** What the member's own program prints from now on. Members have no input of their own. */
export async function openAttach(
  { connection, owner, clock }: SessionParts,
  which: AttachRequest,
  signal: AbortSignal,
): Promise<Session> {
  const { Id: id } = await runningMember(connection, owner, which, signal);
  const options = { stream: true, stdout: true, stderr: true, hijack: true };
  const open = async (docker: Docker) => asDuplex(await docker.getContainer(id).attach(options));
  const socket = await connection.call('to attach', open, signal);
  const look = async () => {
    const { State } = await connection.call('to end', (docker) => docker.getContainer(id).inspect(), signal);
    return { Running: State.Running, ExitCode: State.ExitCode };
  };
  return sessionOver(socket, {
    tty: false,
    signal,
    resize: async () => {},
    begun: async () => {},
    exitCode: () => ended(clock, signal, look),
    command: '',
    complaints: [],
  });
}

/** A member that runs. Throws a Failure that says what there is instead. */
async function runningMember(
  connection: Connection,
  owner: string,
  { key, container, upTo }: { key: GroupKey; container: string; upTo?: number },
  signal: AbortSignal,
): Promise<Docker.ContainerInfo> {
  const list = (docker: Docker) => docker.listContainers({ all: true, filters: ownedBy(owner, key) });
  const listed = await connection.call('to list its containers', list, signal);
  const found = meant(listed, ({ Labels }) => podRevisionIn(Labels), upTo).filter(
    ({ Labels }) => Labels[LABEL.role] !== 'sandbox',
  );
  const wanted = found.filter(({ Labels }) => Labels[LABEL.container] === container);
  const running = wanted.find(({ State }) => State === 'running');
  if (running) return running;
  const [there] = wanted;
  if (there) {
    throw new Failure('container-not-running', `${container} does not run: ${there.Status}.`, {
      advice: 'Start the group, or wait for its next restart; katabot logs shows what it printed.',
    });
  }
  const names = found.map(({ Labels }) => Labels[LABEL.container] ?? '');
  throw new Failure('container-unknown', `There is no container "${container}" in ${key}.`, {
    advice: names.length ? `It has ${names.join(', ')}.` : 'Nothing of the group runs.',
  });
}

interface Ways {
  readonly tty: boolean;
  readonly signal: AbortSignal;
  readonly command: string;
  /** How the output begins when the program could not be started. */
  readonly complaints: readonly RegExp[];
  begun(): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  exitCode(): Promise<number>;
}

function sessionOver(socket: Duplex, ways: Ways): Session {
  const { promise: exitCode, resolve, reject } = Promise.withResolvers<number>();
  exitCode.catch(() => {}); // whoever wants it awaits it
  const stop = () => socket.destroy();
  ways.signal.addEventListener('abort', stop, { once: true });
  socket.on('error', () => {}); // told by the output's end
  const output = async function* () {
    try {
      yield* ways.tty ? rawOutput(socket) : unlessMissing(framedOutput(socket), ways);
      if (ways.signal.aborted) throw ways.signal.reason;
      resolve(await ways.exitCode());
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      ways.signal.removeEventListener('abort', stop);
      socket.destroy();
    }
  };
  return {
    output: output(),
    exitCode,
    begun: ways.begun,
    resize: ways.resize,
    endInput: () => void socket.end(),
    close: stop,
    write(bytes) {
      if (socket.destroyed || socket.write(bytes)) return Promise.resolve();
      return new Promise((go) => {
        socket.once('drain', go);
        socket.once('close', go);
      });
    },
  };
}

export type Part = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

async function* rawOutput(socket: Duplex): AsyncGenerator<Part> {
  for await (const bytes of socket) yield { stream: 'stdout', bytes };
}

const HEADER_BYTES = 8;

/** Frames of the engine (1 byte stream, 3 bytes nothing, 4 bytes length), cut anywhere. */
export async function* framedOutput(socket: Duplex): AsyncGenerator<Part> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    pending = pending.length ? Buffer.concat([pending, chunk]) : chunk;
    while (pending.length >= HEADER_BYTES) {
      const length = pending.readUInt32BE(4);
      // What does not begin like a frame is the engine's own complaint, in plain text.
      if ((pending[0] ?? 0) > 3) break;
      if (pending.length < HEADER_BYTES + length) break;
      const stream = pending[0] === 2 ? 'stderr' : 'stdout';
      yield { stream, bytes: pending.subarray(HEADER_BYTES, HEADER_BYTES + length) };
      pending = pending.subarray(HEADER_BYTES + length);
    }
  }
  if (pending.length) yield { stream: 'stderr', bytes: pending };
}

/** Of runc and its like, and of Windows’ own service. */
const COMPLAINTS = [
  /^OCI runtime exec failed/,
  /^(container \w+ encountered an error during )?hcs(shim)?::System::CreateProcess/,
];
/** Those of enter/enter.c. */
const ENTER_COMPLAINTS = [/^enter: no such program/, /^enter: may not be run/];

/** A program that could not be started is told as if the program had printed it. */
async function* unlessMissing(
  parts: AsyncGenerator<Part>,
  { command, complaints }: Ways,
): AsyncGenerator<Part> {
  for await (const part of parts) {
    const text = Buffer.from(part.bytes.subarray(0, 1_000)).toString('utf8');
    if (!complaints.some((each) => each.test(text))) {
      yield part;
      continue;
    }
    const denied = /permission denied|may not be run/i.test(text);
    throw new Failure(
      denied ? 'command-not-executable' : 'command-not-found',
      denied ? `${command} may not be run there.` : `There is no program ${command} in the container.`,
      { advice: 'Name it with its path, or run it through a shell that is there: -- sh -c "…"' },
    );
  }
}

function asDuplex(stream: NodeJS.ReadWriteStream): Duplex {
  return stream as Duplex; // dockerode types the old stream interface; with `hijack` it is the socket
}

/** 404 and 409 while a container goes: there is nothing to show of it. */
export function isGone(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 409;
}
