import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, watch } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { type SshWay, sshComplaint, sshPath, writeSshSettings } from '../../ssh.ts';
import type { EngineAddress } from '../address.ts';

/** An engine's socket on this machine, at the near end of one connection that ssh holds open. */
export interface Tunnel {
  readonly socketPath: string;
  /**
   * Resolves once the socket is there. Throws a Failure `engine-unreachable`; for a while after one that was not to be had,
   * the same one at once.
   */
  ready(): Promise<void>;
  /** Ends ssh and removes the folder. */
  close(): Promise<void>;
}

type SshAddress = Extract<EngineAddress, { kind: 'ssh' }>;

interface Way {
  readonly address: SshAddress;
  readonly ssh: SshWay;
  /** For this tunnel alone. */
  readonly folder: string;
}

/** Where ssh is looked for; the bot's own variables are none of its business. */
const SSH_PATH = '/usr/local/bin:/usr/bin:/bin';
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const LONGEST_COMPLAINT = 2_000;

/** Begins with the first call that needs it, and again with the next call after it broke. */
export function createTunnel(way: Way, clock: Clock): Tunnel {
  const socketPath = join(way.folder, 'engine.sock');
  const closing = new AbortController();
  let running: Promise<ChildProcess> | undefined;
  let failed: { readonly failure: Failure; readonly pauseMs: number; readonly untilMs: number } | undefined;
  const begin = async () => {
    try {
      const child = await openForward(way, socketPath, closing.signal);
      failed = undefined;
      child.once('exit', () => {
        running = undefined;
      });
      if (child.exitCode !== null || child.signalCode !== null) running = undefined;
      return child;
    } catch (error) {
      running = undefined;
      const failure = asFailure(way.address, error);
      const pauseMs = Math.min(LONGEST_PAUSE_MS, failed ? failed.pauseMs * 2 : FIRST_PAUSE_MS);
      failed = { failure, pauseMs, untilMs: clock.now() + pauseMs };
      throw failure;
    }
  };
  return {
    socketPath,
    async ready() {
      closing.signal.throwIfAborted();
      if (!running && failed && clock.now() < failed.untilMs) throw failed.failure;
      running ??= begin();
      await running;
    },
    async close() {
      closing.abort(new Error('the bot is stopping'));
      const child = await running?.catch(() => undefined);
      if (child) await ended(child);
      await rm(way.folder, { recursive: true, force: true });
    },
  };
}

/** ssh with the far socket at its near end. Throws with what ssh has said. */
async function openForward(
  { address, ssh, folder }: Way,
  socketPath: string,
  signal: AbortSignal,
): Promise<ChildProcess> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const control = join(folder, 'control');
  const settings = await writeSshSettings(folder, ssh, [
    'ExitOnForwardFailure yes',
    'StreamLocalBindMask 0177',
    'StreamLocalBindUnlink yes',
    'ControlMaster yes',
    `ControlPath ${sshPath(control)}`,
  ]);
  const server = ['-p', String(address.port), '-l', address.user, '--', address.host];
  // A bot that was killed has left its ssh behind.
  if (existsSync(control))
    await exitOf(start(['-F', settings, '-o', 'ControlMaster=no', '-O', 'exit', ...server]));
  await rm(socketPath, { force: true });
  const child = start(['-F', settings, '-N', '-L', `${socketPath}:${address.path}`, ...server]);
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-LONGEST_COMPLAINT);
  });
  const watching = new AbortController();
  try {
    const end = exitOf(child).then((code) => {
      throw new Error(complaint.trim() || `ssh ended with ${code}`);
    });
    await Promise.race([end, appears(socketPath, AbortSignal.any([watching.signal, signal]))]);
    return child;
  } catch (error) {
    await ended(child);
    throw error;
  } finally {
    watching.abort(new Error('it is over'));
  }
}

function start(words: readonly string[]): ChildProcess {
  return spawn('ssh', words, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: SSH_PATH } });
}

/** Rejects when there is no ssh to be run. */
function exitOf(child: ChildProcess): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  child.once('error', reject);
  promise.catch(() => {}); // nobody may wait for it any more
  return promise;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

/** Resolves when ssh has made the socket: it is let in then, and the far end is spoken for. */
async function appears(path: string, signal: AbortSignal): Promise<void> {
  const changes = watch(join(path, '..'), { signal });
  if (existsSync(path)) return;
  for await (const _ of changes) if (existsSync(path)) return;
}

function asFailure({ user, host, port }: SshAddress, thrown: unknown): Failure {
  const words = messageOf(thrown);
  const where = `ssh://${user}@${host}:${port}`;
  const failure = (message: string, advice: string) =>
    new Failure('engine-unreachable', message, { advice, cause: thrown });
  switch (sshComplaint(words)) {
    case 'hostKey':
      return failure(
        `${where} shows another key than the hostKey in the settings, so nothing was said to it.`,
        'Ask who runs the host for its key, and compare it with what ssh-keyscan prints, before you change hostKey.',
      );
    case 'keyFile':
      return failure(
        `${where} does not take the key of keyFile.`,
        `Add its public half to ~${user}/.ssh/authorized_keys on the host; the file is readable by the bot alone (mode 0600) and has no passphrase.`,
      );
    case undefined:
      return failure(
        `The Docker Engine behind ${where} does not answer (${words.slice(0, 400)}).`,
        'The wish is kept: the deploy goes on by itself as soon as the engine answers again.',
      );
  }
}
