import { readFile } from 'node:fs/promises';
import Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { type EngineAddress, type EngineWay, engineAddress, sshWayOf, wayProblem } from '../address.ts';
import { causeOf } from './causes.ts';
import { createTunnel, type Tunnel } from './tunnel.ts';

/** Docker 28.5, the newest that the bot was tried with; an older engine is spoken to in its own version. */
const NEWEST_API = '1.51';
/** Docker 20.10. */
const OLDEST_API = 1.41;

/** How long the engine may take over an ordinary call. Pulls and following logs have no such limit. */
const CALL_TIMEOUT_MS = 60_000;

export interface Connection {
  /** Runs one call; whatever goes wrong, or never comes back, ends as a Failure that names its cause. */
  call<T>(
    doing: string,
    work: (docker: Docker) => Promise<T>,
    signal?: AbortSignal,
    limitMs?: number,
  ): Promise<T>;
  /** The client itself, once the API version has been agreed on. */
  client(): Promise<Docker>;
  /** The version of the API that the engine speaks, such as 1.47, the one that is spoken with it, and which containers it runs. */
  api(): Promise<Api>;
  close(): Promise<void>;
}

interface Api {
  readonly engine: number;
  readonly spoken: number;
  readonly isWindows: boolean;
}

/**
 * Connects to an engine. The API version is agreed on and then pinned, because an unversioned request means "whatever the
 * daemon speaks today"; after the engine was away it is agreed on anew, with certificates as they are then. `folder` is for
 * what ssh needs. Throws a Failure `settings-invalid` for a way that cannot be gone.
 */
export function connect(way: EngineWay, { folder, clock }: { folder: string; clock: Clock }): Connection {
  const address = addressOf(way);
  const tunnel = tunnelTo(way, address, folder, clock);
  let agreed: Promise<Agreement> | undefined;
  const agreement = async () => {
    await tunnel?.ready();
    agreed ??= optionsFor(address, way, tunnel)
      .then(agree)
      .catch((error: unknown) => {
        agreed = undefined; // asked again at the next call
        throw error;
      });
    return agreed;
  };
  const client = async () => (await agreement()).docker;
  return {
    client,
    api: async () => (await agreement()).api,
    async call(doing, work, signal, limitMs = CALL_TIMEOUT_MS) {
      const limit = AbortSignal.timeout(limitMs);
      const both = signal ? AbortSignal.any([signal, limit]) : limit;
      try {
        return await within(both, client().then(work));
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        const failure = causeOf(error, doing);
        if (failure.code === 'engine-unreachable') agreed = undefined;
        throw failure;
      }
    },
    close: async () => tunnel?.close(),
  };
}

function addressOf(way: EngineWay): EngineAddress {
  const address = engineAddress(way);
  const problem = wayProblem(way);
  if (address && problem === undefined) return address;
  throw new Failure('settings-invalid', `The engine ${way.engine}: ${problem}.`, {
    advice: 'Mend it in the settings, or in DOCKER_HOST for a location that names no engine.',
  });
}

function tunnelTo(way: EngineWay, address: EngineAddress, folder: string, clock: Clock): Tunnel | undefined {
  const ssh = sshWayOf(way);
  return address.kind === 'ssh' && ssh ? createTunnel({ address, ssh, folder }, clock) : undefined;
}

interface Agreement {
  readonly docker: Docker;
  readonly api: Api;
}

async function agree(options: Docker.DockerOptions): Promise<Agreement> {
  const { ApiVersion, Version, Os } = await new Docker(options).version();
  const engine = Number(ApiVersion);
  if (engine < OLDEST_API) {
    throw new Failure('engine-too-old', `Docker Engine ${Version} is older than 20.10.`, {
      advice: 'Install Docker Engine 20.10 or newer on the host.',
    });
  }
  // As it is written: 1.50 is not 1.5.
  const version = engine < Number(NEWEST_API) ? ApiVersion : NEWEST_API;
  const api = { engine, spoken: Number(version), isWindows: Os === 'windows' };
  return { docker: new Docker({ ...options, version: `v${version}` }), api };
}

/** Everything is said here: dockerode fills what is missing from the environment. */
async function optionsFor(
  address: EngineAddress,
  { tls }: EngineWay,
  tunnel: Tunnel | undefined,
): Promise<Docker.DockerOptions> {
  if (address.kind !== 'tcp')
    return { socketPath: address.kind === 'unix' ? address.path : tunnel?.socketPath, ...NO_HOST };
  const { host, port } = address;
  if (!tls) return { host, port, protocol: 'http' };
  const [ca, cert, key] = await Promise.all([
    read('ca', tls.ca),
    read('cert', tls.cert),
    read('key', tls.key),
  ]);
  return { host, port, protocol: 'https', ca, cert, key };
}

// An unset value still overrides what dockerode read from the environment.
const NO_HOST = JSON.parse('{"host":"","protocol":"http"}');

async function read(name: 'ca' | 'cert' | 'key', file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure('engine-unreachable', `The file of tls.${name} cannot be read (${messageOf(error)}).`, {
      advice: 'Mend the path in the settings, or let the bot read the file.',
      cause: error,
    });
  }
}
