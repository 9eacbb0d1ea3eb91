/**
 * A pretend Docker Engine for Windows containers on a socket of its own: it keeps images, networks and containers, publishes ports,
 * runs what its programs say, and refuses what a Windows engine refuses. No Windows is behind it.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { json } from 'node:stream/consumers';

/** An image that it has, or that it can pull. */
export interface WindowsImage {
  readonly os: 'windows' | 'linux';
  readonly osVersion: string;
}

/** What a program that is run in a container prints, and how it ends; undefined for one that is not there. */
export type Programs = (
  command: readonly string[],
  container: WindowsContainer,
) => { readonly output: string; readonly code: number } | undefined;

interface Asked {
  readonly Image: string;
  readonly Labels: Record<string, string>;
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly HostConfig: Readonly<Record<string, unknown>> & {
    readonly Isolation?: string;
    readonly NetworkMode?: string;
    readonly PortBindings?: Record<
      string,
      readonly { readonly HostIp?: string; readonly HostPort: string }[]
    >;
  };
  readonly NetworkingConfig?: {
    readonly EndpointsConfig?: Record<string, { readonly IPAMConfig?: unknown }>;
  };
}

export interface WindowsContainer {
  readonly id: string;
  name: string;
  readonly asked: Asked;
  readonly created: string;
  status: 'created' | 'running' | 'exited';
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  starts: number;
  readonly lines: { readonly time: string; readonly text: string }[];
  readonly readers: Set<ServerResponse>;
  readonly servers: Server[];
}

export interface WindowsEngine {
  /** For the settings: `unix:///…`. */
  readonly address: string;
  readonly containers: Map<string, WindowsContainer>;
  readonly networks: Map<
    string,
    { readonly id: string; readonly driver: string; readonly labels: Record<string, string> }
  >;
  /** Every answer of 400 or 500 that it gave. */
  readonly refused: string[];
  /** Of every container from now on, whatever was asked for; '' for what was asked for. */
  sayIsolation(said: string): void;
  /** The program of a running container ends by itself. */
  exit(name: string, code: number): void;
  close(): Promise<void>;
}

const NEVER = '0001-01-01T00:00:00Z';
const BUILD = 20348;

/** `listensAt` stands for all addresses of the host. */
export async function startWindowsEngine(options: {
  readonly socketPath: string;
  readonly listensAt: string;
  readonly images: Readonly<Record<string, WindowsImage>>;
  readonly programs: Programs;
}): Promise<WindowsEngine> {
  const world: World = {
    ...options,
    pulled: new Set(),
    containers: new Map(),
    networks: new Map([['nat', { id: 'nat', driver: 'nat', labels: {} }]]),
    execs: new Map(),
    watchers: new Set(),
    refused: [],
    saysIsolation: '',
  };
  const server = createServer((request, response) => {
    answer(world, request, response).catch((error: unknown) => {
      const { status, message } = error instanceof Refusal ? error : { status: 500, message: String(error) };
      if (status === 400 || status === 500) world.refused.push(message);
      if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message }));
    });
  });
  server.on('upgrade', (request, socket) => runExec(world, request, socket));
  server.listen(options.socketPath);
  await once(server, 'listening');
  return {
    address: `unix://${options.socketPath}`,
    containers: world.containers,
    networks: world.networks,
    refused: world.refused,
    sayIsolation(said) {
      world.saysIsolation = said;
    },
    exit: (name, code) => end(world, containerOf(world, name), code),
    async close() {
      for (const container of world.containers.values()) end(world, container, 0);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface World {
  readonly listensAt: string;
  readonly images: Readonly<Record<string, WindowsImage>>;
  readonly programs: Programs;
  readonly pulled: Set<string>;
  readonly containers: WindowsEngine['containers'];
  readonly networks: WindowsEngine['networks'];
  readonly execs: Map<
    string,
    { readonly container: WindowsContainer; readonly command: readonly string[]; code: number | null }
  >;
  readonly watchers: Set<ServerResponse>;
  readonly refused: string[];
  saysIsolation: string;
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the Engine API takes of it; whatever else is asked for is answered with 404. */
async function answer(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://engine');
  const path = decodeURIComponent(url.pathname.replace(/^\/v1\.\d+/, ''));
  const give = (body: unknown, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const [, kind = '', id = '', verb = ''] =
    /^\/(\w+)(?:\/(.+?))??(?:\/(json|start|stop|rename|logs|exec|stats))?$/.exec(path) ?? [];
  switch (`${request.method} ${kind} ${verb}`.trim()) {
    case 'GET version':
      return give({ ApiVersion: '1.43', Version: '24.0.7', Os: 'windows' });
    case 'GET info':
      return give(INFO());
    case 'GET events':
      world.watchers.add(response.on('close', () => world.watchers.delete(response)));
      return void response.writeHead(200).flushHeaders();
    case 'GET images json':
      return id ? give(imageIn(world, id)) : give([...world.pulled].map((name) => ({ Id: idOf(name) })));
    case 'GET distribution json':
      return give(distributionOf(world, id));
    case 'POST images':
      return pull(world, `${url.searchParams.get('fromImage')}:${url.searchParams.get('tag')}`, response);
    case 'GET volumes':
      return give({ Volumes: [] });
    case 'GET networks':
      return give(
        [...world.networks]
          .filter(([, { labels }]) => isMeant(url, labels))
          .map(([Name, { id: Id, driver, labels }]) => ({ Id, Name, Driver: driver, Labels: labels })),
      );
    case 'POST networks':
      return give({ Id: makeNetwork(world, await json(request)) }, 201);
    case 'DELETE networks': {
      const name = [...world.networks].find(([each, network]) => each === id || network.id === id)?.[0];
      if (name === undefined) throw new Refusal(404, `network ${id} not found`);
      world.networks.delete(name);
      return give(undefined, 204);
    }
    case 'GET containers json': {
      if (id) return give(inspected(world, containerOf(world, id)));
      const all = /^(1|true)$/.test(url.searchParams.get('all') ?? '');
      const found = [...world.containers.values()].filter(
        ({ asked, status }) => (all || status === 'running') && isMeant(url, asked.Labels),
      );
      return give(found.map(listed));
    }
    case 'POST containers':
      return give(
        { Id: make(world, url.searchParams.get('name') ?? '', await json(request)), Warnings: [] },
        201,
      );
    case 'POST containers start':
      return give(undefined, await start(world, containerOf(world, id)));
    case 'POST containers stop': {
      const container = containerOf(world, id);
      if (container.status !== 'running') return give(undefined, 304);
      end(world, container, 0xc000013a); // STATUS_CONTROL_C_EXIT
      return give(undefined, 204);
    }
    case 'POST containers rename':
      containerOf(world, id).name = url.searchParams.get('name') ?? '';
      return give(undefined, 204);
    case 'DELETE containers': {
      const container = containerOf(world, id);
      end(world, container, 1);
      world.containers.delete(container.id);
      tell(world, container, 'destroy');
      return give(undefined, 204);
    }
    case 'GET containers logs':
      return logs(containerOf(world, id), url, response);
    case 'GET containers stats':
      return give(STATS);
    case 'POST containers exec': {
      const container = containerOf(world, id);
      if (container.status !== 'running') throw new Refusal(409, `container ${id} is not running`);
      const { Cmd } = (await json(request)) as { Cmd: string[] };
      const exec = randomBytes(32).toString('hex');
      world.execs.set(exec, { container, command: Cmd, code: null });
      return give({ Id: exec }, 201);
    }
    case 'GET exec json': {
      const code = world.execs.get(id)?.code ?? null;
      return give({ Running: code === null, ExitCode: code, Pid: 4 });
    }
    default:
      throw new Refusal(404, `page not found: ${request.method} ${path}`);
  }
}

const INFO = () => ({
  OSType: 'windows',
  OSVersion: `10.0.${BUILD}.2700`,
  OperatingSystem: 'Microsoft Windows Server Version 21H2 (OS Build 20348.2700)',
  KernelVersion: `10.0 ${BUILD} (${BUILD}.1.amd64fre.fe_release.210507-1500)`,
  Architecture: 'x86_64',
  Isolation: 'process',
  Driver: 'windowsfilter',
  NCPU: 8,
  MemTotal: 32 * 2 ** 30,
  ServerVersion: '24.0.7',
  DockerRootDir: 'C:\\ProgramData\\docker',
  SystemTime: new Date().toISOString(),
  Runtimes: { 'com.docker.hcsshim.v1': {} },
  Warnings: null,
});

/** Two seconds in which one of two processors was used for half of the time. */
const STATS = {
  read: '2024-01-01T00:00:02Z',
  preread: '2024-01-01T00:00:00Z',
  num_procs: 2,
  cpu_stats: { cpu_usage: { total_usage: 15_000_000 } },
  precpu_stats: { cpu_usage: { total_usage: 5_000_000 } },
  memory_stats: { commitbytes: 90_000_000, privateworkingset: 50_000_000 },
  networks: { nat: { rx_bytes: 12, tx_bytes: 34 } },
};

const idOf = (image: string) => `sha256:${Buffer.from(image).toString('hex').padEnd(64, '0').slice(0, 64)}`;

function imageIn({ pulled, images }: World, id: string) {
  const name = [...pulled].find((each) => each === id || idOf(each) === id);
  const image = images[name ?? ''];
  if (!name || !image) throw new Refusal(404, `No such image: ${id}`);
  return {
    Id: idOf(name),
    RepoDigests: [],
    Architecture: 'amd64',
    Os: image.os,
    OsVersion: image.osVersion,
    Config: {},
  };
}

/** What `GET /distribution/NAME/json` says of one that could be pulled. */
function distributionOf({ images }: World, name: string) {
  const image = images[name];
  if (!image) throw new Refusal(404, 'manifest unknown: manifest unknown');
  return { Platforms: [{ architecture: 'amd64', os: image.os, 'os.version': image.osVersion }] };
}

function pull({ images, pulled }: World, name: string, response: ServerResponse): void {
  const image = images[name];
  const build = Number(image?.osVersion.split('.')[2]);
  if (!image) throw new Refusal(404, `manifest for ${name} not found: manifest unknown`);
  const error =
    image.os !== 'windows'
      ? `image operating system "${image.os}" cannot be used on this platform`
      : build > BUILD
        ? `a Windows version 10.0.${build}-based image is incompatible with a 10.0.${BUILD} host`
        : '';
  if (!error) pulled.add(name);
  response.end(`${JSON.stringify(error ? { error } : { status: `Downloaded newer image for ${name}` })}\n`);
}

function makeNetwork({ networks }: World, body: unknown): string {
  const { Name, Driver, Labels } = body as { Name: string; Driver: string; Labels: Record<string, string> };
  if (Driver !== 'nat')
    throw new Refusal(404, `could not find plugin ${Driver} in v1 plugin registry: plugin not found`);
  if (networks.has(Name)) throw new Refusal(409, `network with name ${Name} already exists`);
  const id = randomBytes(32).toString('hex');
  networks.set(Name, { id, driver: Driver, labels: Labels });
  return id;
}

const LINUX_ALONE = [
  ...[
    'Annotations',
    'CapAdd',
    'CapDrop',
    'CgroupParent',
    'CpuPeriod',
    'CpuQuota',
    'CpusetCpus',
    'DeviceRequests',
  ],
  ...[
    'Init',
    'IpcMode',
    'MemoryReservation',
    'MemorySwap',
    'OomKillDisable',
    'PidMode',
    'PidsLimit',
    'Privileged',
  ],
  ...['ReadonlyRootfs', 'Runtime', 'SecurityOpt', 'ShmSize', 'Sysctls', 'Tmpfs', 'Ulimits'],
];

function make({ containers, pulled }: World, name: string, body: unknown): string {
  const asked = body as Asked;
  const { HostConfig, NetworkingConfig } = asked;
  if (HostConfig.NetworkMode?.startsWith('container:') && HostConfig.Isolation === 'hyperv')
    throw new Refusal(
      400,
      'invalid network-mode: using the network stack of another container is not supported while using Hyper-V Containers',
    );
  const unknown = LINUX_ALONE.filter((option) => HostConfig[option]);
  if (unknown.length)
    throw new Refusal(400, `invalid option: Windows does not support ${unknown.join(', ')}`);
  if (Object.values(NetworkingConfig?.EndpointsConfig ?? {}).some(({ IPAMConfig }) => IPAMConfig))
    throw new Refusal(400, 'invalid endpoint settings: Windows does not support link-local addresses');
  if (![...pulled].some((each) => each === asked.Image || idOf(each) === asked.Image))
    throw new Refusal(404, `No such image: ${asked.Image}`);
  if ([...containers.values()].some((each) => each.name === name))
    throw new Refusal(409, `Conflict. The container name "/${name}" is already in use`);
  const id = randomBytes(32).toString('hex');
  const times = { created: new Date().toISOString(), startedAt: NEVER, finishedAt: NEVER };
  const empty = { lines: [], readers: new Set<ServerResponse>(), servers: [], starts: 0, exitCode: 0 };
  containers.set(id, { id, name, asked, status: 'created', ...times, ...empty });
  return id;
}

async function start(world: World, container: WindowsContainer): Promise<number> {
  const { HostConfig } = container.asked;
  if (container.status === 'running') return 304;
  if (!world.networks.has(HostConfig.NetworkMode ?? 'nat'))
    throw new Refusal(404, `network ${HostConfig.NetworkMode} not found`);
  const places = Object.values(HostConfig.PortBindings ?? {}).flat();
  if (places.some(({ HostIp }) => HostIp))
    throw new Refusal(500, 'Windows does not support host IP addresses in NAT settings');
  for (const { HostPort } of places) {
    const server = createServer((request, response) => {
      print(container, `${request.method} ${request.url}`);
      response.end(`from ${container.asked.Image}`);
    });
    server.listen(Number(HostPort), world.listensAt);
    await once(server, 'listening');
    container.servers.push(server);
  }
  container.status = 'running';
  container.startedAt = new Date().toISOString();
  container.starts++;
  print(container, `started ${(container.asked.Entrypoint ?? []).join(' ')}`);
  return 204;
}

function end(world: World, container: WindowsContainer, code: number): void {
  if (container.status !== 'running') return;
  for (const server of container.servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  container.status = 'exited';
  container.exitCode = code;
  container.finishedAt = new Date().toISOString();
  for (const reader of container.readers) reader.end();
  tell(world, container, 'die');
}

function tell({ watchers }: World, { id, asked }: WindowsContainer, Action: string): void {
  const event = { Type: 'container', Action, Actor: { ID: id, Attributes: asked.Labels } };
  for (const watcher of watchers) watcher.write(`${JSON.stringify(event)}\n`);
}

function containerOf({ containers }: World, which: string): WindowsContainer {
  const found = containers.get(which) ?? [...containers.values()].find(({ name }) => name === which);
  if (!found) throw new Refusal(404, `No such container: ${which}`);
  return found;
}

/** By the labels that are asked for. */
function isMeant(url: URL, labels: Readonly<Record<string, string>>): boolean {
  const { label = [], network } = JSON.parse(url.searchParams.get('filters') ?? '{}') as Record<
    string,
    string[]
  >;
  return (
    !network && label.every((each) => labels[each.split('=')[0] ?? ''] === each.slice(each.indexOf('=') + 1))
  );
}

function inspected({ saysIsolation }: World, container: WindowsContainer) {
  const { id, name, asked, created, status, startedAt, finishedAt, exitCode } = container;
  const { HostConfig, NetworkingConfig: _, ...Config } = asked;
  return {
    Id: id,
    Name: `/${name}`,
    Created: created,
    Image: asked.Image,
    Platform: 'windows',
    Config,
    HostConfig: { ...HostConfig, ...(saysIsolation ? { Isolation: saysIsolation } : {}) },
    Mounts: [],
    State: {
      Status: status,
      Running: status === 'running',
      Paused: false,
      OOMKilled: false,
      Error: '',
      ExitCode: exitCode,
      StartedAt: startedAt,
      FinishedAt: finishedAt,
    },
  };
}

function listed({ id, name, asked, status }: WindowsContainer) {
  const { NetworkMode } = asked.HostConfig;
  const networks = { [NetworkMode ?? 'nat']: { IPAddress: '198.18.0.2' } };
  return {
    Id: id,
    Names: [`/${name}`],
    Image: asked.Image,
    Labels: asked.Labels,
    State: status,
    Status: status,
    Ports: [],
    Mounts: [],
    HostConfig: { NetworkMode },
    NetworkSettings: { Networks: networks },
  };
}

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function print(container: WindowsContainer, text: string): void {
  const line = { time: new Date().toISOString(), text };
  container.lines.push(line);
  for (const reader of container.readers) reader.write(frame(1, `${line.time} ${text}\r\n`));
}

function logs(container: WindowsContainer, url: URL, response: ServerResponse): void {
  const tail = Number(url.searchParams.get('tail') ?? container.lines.length);
  response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
  for (const { time, text } of container.lines.slice(-tail)) response.write(frame(1, `${time} ${text}\r\n`));
  const follow = /^(1|true)$/.test(url.searchParams.get('follow') ?? '');
  if (!follow || container.status !== 'running') return void response.end();
  container.readers.add(response.on('close', () => container.readers.delete(response)));
}

/** A program that cannot be started is told in plain text, in place of its output. */
function runExec({ execs, programs }: World, request: IncomingMessage, socket: Duplex): void {
  const exec = execs.get(/\/exec\/(\w+)\/start/.exec(request.url ?? '')?.[1] ?? '');
  if (!exec) return void socket.destroy();
  socket.on('error', () => {});
  socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  const result = programs(exec.command, exec.container);
  exec.code = result?.code ?? 126;
  socket.end(
    result
      ? frame(1, result.output)
      : `container ${exec.container.id} encountered an error during hcs::System::CreateProcess: ${exec.command[0]}: failure in a Windows system call: The system cannot find the file specified. (0x2)\r\n`,
  );
}
