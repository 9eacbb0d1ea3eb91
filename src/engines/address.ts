import type { SshWay } from '../ssh.ts';

/** How an engine is reached: where it listens, and what is shown on the way to it. */
export interface EngineWay {
  /** `unix:///path`, `tcp://host:port` or `ssh://user@host[:port]/path`. */
  readonly engine: string;
  /** Files, for tcp: who signed the engine's certificate, and the bot's own certificate with its key. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
  readonly keyFile?: string | undefined;
  readonly hostKey?: string | undefined;
}

export type EngineAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'ssh';
      readonly user: string;
      readonly host: string;
      readonly port: number;
      readonly path: string;
    };

const TLS_PORT = 2376;
const PLAIN_PORT = 2375;
const SSH_PORT = 22;
const USUAL_SOCKET = '/var/run/docker.sock';

/** The address of an engine; undefined for what is none. Each part has a closed class of characters: they become arguments. */
export function engineAddress({ engine, tls }: Pick<EngineWay, 'engine' | 'tls'>): EngineAddress | undefined {
  const [, path] = /^unix:\/\/(\/[^\0]+)$/.exec(engine) ?? [];
  if (path !== undefined) return { kind: 'unix', path };
  const [, scheme, user, host, port, socket] =
    /^(tcp|ssh):\/\/(?:([a-z_][a-z0-9_.-]*)@)?([a-zA-Z0-9][a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?(\/[^\s:"%]*)?$/.exec(
      engine,
    ) ?? [];
  if (host === undefined || Number(port ?? 1) > 65_535) return undefined;
  const bare = host.replace(/^\[|\]$/g, '');
  const rest = socket === '/' ? undefined : socket;
  if (scheme === 'tcp') {
    if (user !== undefined || rest !== undefined) return undefined;
    return { kind: 'tcp', host: bare, port: Number(port ?? (tls ? TLS_PORT : PLAIN_PORT)) };
  }
  if (user === undefined) return undefined;
  return { kind: 'ssh', user, host: bare, port: Number(port ?? SSH_PORT), path: rest ?? USUAL_SOCKET };
}

/** The key of an ssh engine; undefined when one half is missing. */
export function sshWayOf({ keyFile, hostKey }: EngineWay): SshWay | undefined {
  return keyFile === undefined || hostKey === undefined ? undefined : { keyFile, hostKey };
}

/** What is wrong with a way to an engine, and what to write instead; undefined for one that can be gone. */
export function wayProblem(way: EngineWay): string | undefined {
  const address = engineAddress(way);
  if (!address) return 'expected unix:///path, tcp://host:port or ssh://user@host/path';
  const { kind } = address;
  if (kind !== 'tcp' && way.tls) return 'tls is for an engine at tcp://; leave it out';
  if (kind !== 'ssh' && (way.keyFile !== undefined || way.hostKey !== undefined))
    return 'keyFile and hostKey are for an engine at ssh://; leave them out';
  if (kind === 'ssh' && !sshWayOf(way))
    return 'an engine at ssh:// needs keyFile (a key that its server lets in) and hostKey (the key that its server shows)';
  if (kind === 'tcp' && !way.tls && !/^127(\.\d{1,3}){3}$/.test(address.host))
    return 'an engine at tcp:// needs tls: { ca, cert, key }, for whoever reaches an open one owns its host';
  return undefined;
}
