/**
 * A Docker Engine of our own, for a machine where none runs. All it has lies in one folder: images, sockets, log.
 * Its end is told in private-engine-stop.ts and needs nothing but that folder, so that an engine whose tests
 * were killed is cleaned up by the next run.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Docker from 'dockerode';
import { within } from '../../src/clock.ts';
import { isSameProcess, stopPrivateEngine, thisProcess } from './private-engine-stop.ts';

const PREFIX = 'katabot-engine-';
const START_LIMIT_MS = 60_000;
/** What an engine with the images of the tests may come to. */
const ROOM_BYTES = 4 * 2 ** 30;

export function canRunPrivateEngine(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return find('dockerd') !== undefined || canInstall();
}

export function canInstall(): boolean {
  return process.getuid?.() === 0 && find('apt-get') !== undefined;
}

/** Whether something had to be installed. */
export async function installEngine(report: (line: string) => void): Promise<boolean> {
  if (find('dockerd') && find('iptables')) return false;
  report('katabot: installing docker.io and iptables with apt-get, about a minute ...');
  installPackages(['docker.io', 'iptables']);
  return true;
}

export function installPackages(names: string[]): void {
  const script = join(import.meta.dirname, 'install-packages.ts');
  const words = ['/etc/apt', process.execPath, script, ...names];
  const { status, stdout, stderr } = spawnSync('flock', words, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${names.join(', ')} could not be installed:\n${lastLines(`${stdout}${stderr}`)}`);
}

/** A runtime as the engine's own settings name it. */
export interface Runtime {
  readonly path: string;
  readonly runtimeArgs?: readonly string[];
}

/** What an engine has besides what every engine of the tests has. */
export interface EngineOptions {
  /** Besides runc. */
  readonly runtimes?: Readonly<Record<string, Runtime>>;
  readonly flags?: readonly string[];
  /** What else stands in its daemon.json, for what no flag says. */
  readonly settings?: object;
  /** Words that lead into another network namespace. */
  readonly inside?: readonly string[];
  /** Folders that are searched for dockerd, containerd and theirs before PATH is. */
  readonly programs?: readonly string[];
}

/** The folder of an engine that answers on `docker.sock` in it. */
export async function startPrivateEngine(options: EngineOptions = {}): Promise<string> {
  await stopAbandonedEngines();
  const folder = mkdtempSync(join(parentFolder(), PREFIX));
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(thisProcess()));
  try {
    // The machine's own daemon.json would contradict the flags.
    const { runtimes = {}, settings = {} } = options;
    writeFileSync(join(folder, 'daemon.json'), JSON.stringify({ runtimes, ...settings }));
    await launch(folder, options);
    return folder;
  } catch (error) {
    await stopPrivateEngine(folder);
    throw error;
  }
}

/** Starts an engine again whose power was cut, with the options that it had. */
export function bootPrivateEngine(folder: string, options: EngineOptions): Promise<void> {
  return launch(folder, options);
}

/** Engines whose tests were killed before they could end them. */
async function stopAbandonedEngines(): Promise<void> {
  for (const parent of ['/var/lib', tmpdir()]) {
    for (const name of readdirSync(parent).filter((each) => each.startsWith(PREFIX))) {
      const folder = join(parent, name);
      if (!isSameProcess(ownerOf(folder))) await stopPrivateEngine(folder);
    }
  }
}

function ownerOf(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** The place for images and sockets: with room, and near the root, for the path of a socket has 107 characters at most. */
function parentFolder(): string {
  const temporary = tmpdir();
  const { bavail, bsize } = statfsSync(temporary);
  return bavail * bsize < ROOM_BYTES || temporary.length > 30 ? '/var/lib' : temporary;
}

async function launch(
  folder: string,
  { flags: more = [], inside = [], programs = [] }: EngineOptions,
): Promise<void> {
  const log = openSync(join(folder, 'log'), 'a');
  mkdirSync(join(folder, 'data'), { recursive: true });
  const [program = '', ...words] = [...inside, 'dockerd', ...flags(folder), ...more];
  const daemon = spawn(program, words, {
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: [...programs, searchPath()].join(delimiter) },
  });
  daemon.unref();
  let ending: string | undefined;
  daemon.once('error', (error) => {
    ending = error.message;
  });
  daemon.once('exit', (code, signal) => {
    ending = `it ended with ${signal ?? code}`;
  });
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(join(folder, 'docker.sock')))) {
    if (Date.now() > deadline) ending ??= `no answer within ${START_LIMIT_MS / 1_000} s`;
    if (ending !== undefined)
      throw new Error(startFailure(ending, readFileSync(join(folder, 'log'), 'utf8')));
    await pause(25);
  }
}

/**
 * No default bridge, since groups bring their own network and docker0 may belong to somebody else.
 * Networks without a subnet of their own come from the far half of the range for benchmarks (RFC 2544), where
 * they meet neither an office network nor the groups that tests place in the near half.
 */
function flags(folder: string): string[] {
  return [
    `--config-file=${join(folder, 'daemon.json')}`,
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'pid')}`,
    `--host=unix://${join(folder, 'docker.sock')}`,
    `--containerd-namespace=${folder.slice(folder.lastIndexOf('/') + 1)}`, // where containerd is the machine's
    '--bridge=none',
    '--iptables=true',
    '--default-address-pool=base=198.19.128.0/17,size=24',
    '--shutdown-timeout=3',
    '--log-level=warn',
  ];
}

async function answers(socketPath: string): Promise<boolean> {
  try {
    await within(AbortSignal.timeout(1_000), new Docker({ socketPath, host: '' }).ping());
    return true;
  } catch {
    return false;
  }
}

function startFailure(ending: string, log: string): string {
  return (
    `A private Docker Engine did not start here: ${ending}. In a container it needs --privileged; ` +
    `otherwise name an engine with DOCKER_HOST. Its log ends so:\n${lastLines(log)}`
  );
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-15).join('\n');
}

/** A program of the machine, also where PATH leaves out what is for root. */
export function find(program: string): string | undefined {
  return searchPath()
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function searchPath(): string {
  return [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(
    delimiter,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
