import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { within } from '../../clock.ts';
import { Failure } from '../../failure.ts';
import { causeOf } from './causes.ts';

/** The newest API the bot was written against; an older engine is spoken to in its own version. */
const NEWEST_API = 1.44;
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
  /** The version of the API that the engine speaks, such as 1.44. */
  api(): Promise<number>;
}

/**
 * Connects to `unix:///path`, `tcp://host:port` or, with `certificates` (a folder with ca.pem, cert.pem and key.pem),
 * to a TLS port. The API version is agreed on once and then pinned, because an unversioned request means
 * "whatever the daemon speaks today".
 */
export function connect(host: string, certificates?: string): Connection {
  let agreed: Promise<{ docker: Docker; api: number }> | undefined;
  const agreement = () => {
    agreed ??= agree(host, certificates).catch((error: unknown) => {
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
        throw causeOf(error, doing);
      }
    },
  };
}

async function agree(host: string, certificates?: string): Promise<{ docker: Docker; api: number }> {
  const options = connectionOptions(host, certificates);
  const { ApiVersion, Version } = await new Docker(options).version();
  const api = Number(ApiVersion);
  if (api < OLDEST_API) {
    throw new Failure('engine-too-old', `Docker Engine ${Version} is older than 20.10.`, {
      advice: 'Install Docker Engine 20.10 or newer on the host.',
    });
  }
  return { docker: new Docker({ ...options, version: `v${Math.min(NEWEST_API, api)}` }), api };
}

/** Everything is said here: dockerode fills what is missing from the environment. */
function connectionOptions(host: string, certificates?: string): Docker.DockerOptions {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length), ...NO_HOST };
  const url = new URL(host);
  const tls = certificates
    ? { protocol: 'https' as const, ...certificatesIn(certificates) }
    : { protocol: 'http' as const };
  return { host: url.hostname, port: Number(url.port || (certificates ? 2376 : 2375)), ...tls };
}

// An unset value still overrides what dockerode read from the environment.
const NO_HOST = JSON.parse('{"host":"","protocol":"http"}');

function certificatesIn(folder: string) {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((file) =>
    readFileSync(join(folder, file), 'utf8'),
  );
  return { ca, cert, key };
}
