/** A Docker Engine to test against: the one people point to, the one that runs, or one of our own. */
import { accessSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { within } from '../../src/clock.ts';
import { messageOf } from '../../src/failure.ts';
import { canRunPrivateEngine, installEngine, startPrivateEngine } from './private-engine.ts';
import { stopPrivateEngine } from './private-engine-stop.ts';

export interface Engine {
  /** Absent when the engine is reached over TCP. */
  readonly socketPath?: string;
  /** `unix://...` or `tcp://...`, as programs expect it in DOCKER_HOST. */
  readonly dockerHost: string;
  readonly origin: 'DOCKER_HOST' | 'default socket' | 'private';
  /** The folder of a private engine; everything it has lies below. */
  readonly folder?: string;
  /** Ends a private engine and leaves nothing of it. An engine that was there before stays as it is. */
  stop(): Promise<void>;
}

export interface FindOptions {
  /** Start a private engine even where another one answers. */
  readonly alwaysPrivate?: boolean;
  /** Hears one line when something takes longer than a moment. */
  readonly report?: (line: string) => void;
}

export async function findEngine(options: FindOptions = {}): Promise<Engine> {
  const report = options.report ?? ((line) => process.stderr.write(`${line}\n`));
  const present = options.alwaysPrivate ? undefined : await findPresent();
  if (present) return present;
  if (!canRunPrivateEngine()) throw new Error(WHAT_TO_INSTALL);
  const installed = await installEngine(report);
  // A package may have started its service.
  const started = installed && !options.alwaysPrivate ? await findPresent() : undefined;
  if (started) return started;
  const folder = await startPrivateEngine();
  return {
    ...addressOf(`unix://${join(folder, 'docker.sock')}`),
    origin: 'private',
    folder,
    stop: () => stopPrivateEngine(folder),
  };
}

/** dockerode for an address in DOCKER_HOST's form, whatever DOCKER_HOST says itself; '' is that of a run without an engine. */
export function connect(dockerHost: string): Docker {
  if (!dockerHost) throw new Error('This suite needs an engine, and KATABOT_TEST_ENGINE=none gives it none.');
  if (dockerHost.startsWith('unix://')) {
    return new Docker({ socketPath: dockerHost.slice('unix://'.length), host: '' });
  }
  if (dockerHost === process.env['DOCKER_HOST']) return new Docker(); // with DOCKER_TLS_VERIFY and its kin
  const { hostname, port } = new URL(dockerHost);
  return new Docker({ host: hostname, port: Number(port || 2375), protocol: 'http' });
}

const WHAT_TO_INSTALL =
  'The tests and the demo need a Docker Engine, and none answers here. Start Docker Desktop, Colima or OrbStack on a ' +
  'Mac, or install Docker on Linux (https://docs.docker.com/engine/install) and let your user speak to ' +
  '/var/run/docker.sock; an engine elsewhere is named with DOCKER_HOST=unix://... or tcp://host:port. As root on ' +
  'Debian or Ubuntu nothing is needed: the engine is installed and started on its own.';

async function findPresent(): Promise<Engine | undefined> {
  const wanted = process.env['DOCKER_HOST'];
  if (wanted) return findNamed(wanted);
  for (const socketPath of ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]) {
    const dockerHost = `unix://${socketPath}`;
    if (isReachable(socketPath) && (await silenceOf(dockerHost)) === undefined) {
      return { socketPath, dockerHost, origin: 'default socket', stop: async () => {} };
    }
  }
  return undefined;
}

/** Whoever names an engine wants that one: another one would be a surprise. */
async function findNamed(dockerHost: string): Promise<Engine> {
  if (!/^(unix|tcp):\/\//.test(dockerHost)) {
    throw new Error(`DOCKER_HOST is ${dockerHost}; the tests speak to unix://... and tcp://... only`);
  }
  const silence = await silenceOf(dockerHost);
  if (silence !== undefined)
    throw new Error(`DOCKER_HOST is ${dockerHost}, and no engine answers there: ${silence}`);
  return { ...addressOf(dockerHost), origin: 'DOCKER_HOST', stop: async () => {} };
}

function addressOf(dockerHost: string): { dockerHost: string; socketPath?: string } {
  if (!dockerHost.startsWith('unix://')) return { dockerHost };
  return { dockerHost, socketPath: dockerHost.slice('unix://'.length) };
}

function isReachable(socketPath: string): boolean {
  try {
    accessSync(socketPath);
    return true;
  } catch {
    return false;
  }
}

/** Why an engine does not answer; nothing when it does. */
async function silenceOf(dockerHost: string): Promise<string | undefined> {
  try {
    await within(AbortSignal.timeout(5_000), connect(dockerHost).ping());
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
