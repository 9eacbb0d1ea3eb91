/**
 * The end of a private engine, whatever state it is in: alive, crashed, or left by tests that were killed.
 * Its folder tells all: processes, mounts, bridges and control groups that belong to it are found by what lies there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { BlockList } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Docker from 'dockerode';
import { within } from '../../src/clock.ts';
import { removeContainersAndNetworks } from './leftovers.ts';

const END_LIMIT_MS = 15_000;

export async function stopPrivateEngine(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const containers = containersBelow(folder);
  await emptyEngine(folder);
  await endDaemon(folder);
  await endEverythingElse(folder, containers);
  unmountBelow(folder);
  removeBridges(folder);
  removeControlGroups(containers);
  removeShimSockets(folder, containers);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * What a power cut does: every process of the engine and of its containers is gone at once, and with them all that was only
 * in memory. The disk stays; `bootPrivateEngine` starts it again.
 */
export async function cutPower(folder: string): Promise<void> {
  await endEverythingElse(folder, containersBelow(folder));
  unmountBelow(folder);
  removeBridges(folder);
  for (const name of ['exec', 'pid', 'docker.sock'])
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** A process, told from a later one with the same number by when it began. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startedAt: statusOf(process.pid)?.startedAt ?? '' };
}

export function isSameProcess(claim: unknown): boolean {
  if (typeof claim !== 'object' || claim === null || !('pid' in claim) || !('startedAt' in claim))
    return false;
  const status = statusOf(Number(claim.pid));
  return status !== undefined && status.startedAt === claim.startedAt;
}

function containersBelow(folder: string): string[] {
  const parent = join(folder, 'data/containers');
  return existsSync(parent) ? readdirSync(parent) : [];
}

/** An engine that still answers takes down its containers and networks better than we can. */
async function emptyEngine(folder: string): Promise<void> {
  if (daemonsOf(folder).length === 0) return;
  const docker = new Docker({ socketPath: join(folder, 'docker.sock'), host: '' });
  try {
    await within(AbortSignal.timeout(END_LIMIT_MS), removeContainersAndNetworks(docker));
  } catch {
    // What it could not remove goes below.
  }
}

async function endDaemon(folder: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of daemonsOf(folder)) send(pid, signal);
    const deadline = Date.now() + END_LIMIT_MS;
    while (daemonsOf(folder).length > 0 && Date.now() < deadline) await pause(20);
  }
}

/** containerd, its shims, and the programs in containers: those outlive a shim that is killed. */
async function endEverythingElse(folder: string, containers: string[]): Promise<void> {
  const deadline = Date.now() + END_LIMIT_MS;
  for (;;) {
    const left = familyOf(partsOf(folder, containers));
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`processes of ${folder} do not end: ${left.join(', ')}`);
    for (const pid of left.reverse()) send(pid, 'SIGKILL');
    await pause(20);
  }
}

function daemonsOf(folder: string): number[] {
  return runningProcesses()
    .filter(({ program, args }) => program === 'dockerd' && args.includes(`${folder}/`))
    .map(({ pid }) => pid);
}

function partsOf(folder: string, containers: string[]): number[] {
  return runningProcesses()
    .filter(({ program }) => /^(dockerd|containerd)/.test(program))
    .filter(({ args }) => args.includes(`${folder}/`) || containers.some((id) => args.includes(id)))
    .map(({ pid }) => pid);
}

/** The given processes and all that they started, parents first. */
function familyOf(roots: number[]): number[] {
  const family = new Set(roots);
  const all = runningProcesses();
  for (const pid of family) {
    for (const child of all.filter(({ parent }) => parent === pid)) family.add(child.pid);
  }
  return [...family];
}

function runningProcesses(): { pid: number; parent: number; program: string; args: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const status = statusOf(Number(name));
      const args = readOrNothing(`/proc/${name}/cmdline`)?.split('\0') ?? [];
      if (!status) return [];
      return [
        { pid: Number(name), parent: status.parent, program: basename(args[0] ?? ''), args: args.join(' ') },
      ];
    });
}

/** Nothing for a process that is gone, or that is dead and only waits to be noticed. */
function statusOf(pid: number): { parent: number; startedAt: string } | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  // The program's name stands in brackets and may hold anything, so fields count from the last bracket.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state, parent] = fields;
  if (state === undefined || state === 'Z' || state === 'X') return undefined;
  return { parent: Number(parent), startedAt: fields[19] ?? '' };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Innermost first. Nothing is deleted while something is still mounted: it could be somebody's disk. */
function unmountBelow(folder: string): void {
  for (const point of mountsBelow(folder).reverse()) spawnSync('umount', ['--lazy', point]);
  const left = mountsBelow(folder);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
}

function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
}

/** A crashed engine leaves its bridges with their packet rules; their names stand in its own book. */
function removeBridges(folder: string): void {
  const book = readOrNothing(join(folder, 'data/network/files/local-kv.db'), 'latin1') ?? '';
  for (const [, bridge = ''] of book.matchAll(/"BridgeName":"([\w.-]{1,15})"/g)) {
    if (!existsSync(join('/sys/class/net', bridge))) continue;
    const subnet = subnetOf(bridge);
    spawnSync('ip', ['link', 'delete', bridge]);
    for (const table of ['filter', 'nat']) removeRules(table, bridge, subnet);
  }
}

function subnetOf(bridge: string): BlockList {
  const subnet = new BlockList();
  const { stdout } = spawnSync('ip', ['-4', '-oneline', 'address', 'show', 'dev', bridge], {
    encoding: 'utf8',
  });
  const [, address, length] = /inet ([\d.]+)\/(\d+)/.exec(stdout ?? '') ?? [];
  if (address !== undefined) subnet.addSubnet(address, Number(length));
  return subnet;
}

/** Rules that name the bridge, and those for a container on it, which name only its address. */
function removeRules(table: string, bridge: string, subnet: BlockList): void {
  const { stdout } = spawnSync('iptables', ['-w', '-t', table, '-S'], { encoding: 'utf8' });
  for (const line of (stdout ?? '').split('\n')) {
    const [command, ...words] = line.split(' ');
    const isOurs = words.some((word) => word === bridge || subnet.check(word.replace(/\/32$/, '')));
    if (command === '-A' && isOurs) spawnSync('iptables', ['-w', '-t', table, '-D', ...words]);
  }
}

/** Of containers whose runtime was killed; where systemd keeps control groups, it removes them itself. */
function removeControlGroups(containers: string[]): void {
  const root = '/sys/fs/cgroup';
  const hierarchies = existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [];
  for (const parent of [root, ...hierarchies]) {
    for (const id of containers) {
      try {
        rmdirSync(join(parent, 'docker', id));
      } catch {
        // It is gone already, or it has groups within that the kernel is still taking down.
      }
    }
  }
}

/** containerd keeps them outside its own folder, named after the engine's address, namespace and container. */
function removeShimSockets(folder: string, containers: string[]): void {
  for (const id of containers) {
    const place = join(folder, 'exec/containerd/containerd.sock', basename(folder), id);
    rmSync(join('/run/containerd/s', createHash('sha256').update(place).digest('hex')), { force: true });
  }
}

function readOrNothing(path: string, encoding: BufferEncoding = 'utf8'): string | undefined {
  try {
    return readFileSync(path, encoding);
  } catch {
    return undefined;
  }
}
