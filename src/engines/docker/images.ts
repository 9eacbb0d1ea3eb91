import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { Fact } from '../../event.ts';
import { Failure } from '../../failure.ts';
import { isServerOf, type RegistryCredential, registryOf } from '../../spec/index.ts';
import { causeOf, engineMessage, statusOf, unreachable } from './causes.ts';

export interface PulledImage {
  /** What containers are made from: the image's own id, so that a tag that moves changes nothing that runs. */
  readonly pinned: string;
  /** `repo@sha256:…` when the image came from a registry, otherwise the image's id. */
  readonly digest: string;
  /** As images spell it, such as amd64. */
  readonly architecture: string;
}

/**
 * Makes sure that an image is on the host. An image that is present is used as it is, except a `latest`
 * (written or meant), which is asked for anew each time.
 */
export async function ensureImage(
  docker: Docker,
  image: string,
  credentials: readonly RegistryCredential[],
  context: {
    signal: AbortSignal;
    report(fact: Fact): Promise<void>;
    now(): number;
    /** The host's, in the engine's own spelling. */
    architecture: string;
  },
): Promise<PulledImage> {
  const startedAtMs = context.now();
  const told = async (state: 'present' | 'pulled', found: PulledImage) => {
    const tookMs = context.now() - startedAtMs;
    const foreign = isForeign(found.architecture, context.architecture)
      ? { foreign: found.architecture }
      : {};
    await context.report({ kind: 'image', image, state, digest: found.digest, tookMs, ...foreign });
    return found;
  };
  const present = await presentImage(docker, image);
  if (present && !isLatest(image)) return told('present', present);
  const login = loginFor(image, credentials);
  try {
    await context.report({ kind: 'image', image, state: 'pulling', digest: '', tookMs: 0 });
    await pull(docker, image, login, context);
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    // A `latest` whose registry is out of reach: what is here is the latest there is.
    if (present) return told('present', present);
    throw pullFailure(error, image, login?.server);
  }
  const pulled = await presentImage(docker, image);
  if (!pulled) {
    throw new Failure('image-not-found', `The image ${image} vanished right after it was pulled.`, {
      advice: 'It is tried again by itself. Does something on the host remove images?',
      about: { image },
    });
  }
  return told('pulled', pulled);
}

async function presentImage(docker: Docker, image: string): Promise<PulledImage | undefined> {
  try {
    const { Id, RepoDigests, Architecture } = await docker.getImage(image).inspect();
    return { pinned: Id, digest: RepoDigests?.[0] ?? Id, architecture: Architecture };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw causeOf(error, `to look for ${image}`);
  }
}

/** Told, never refused: a host may have an emulator for it. */
export function isForeign(image: string, host: string): boolean {
  const known = FAMILIES.find((family) => family.includes(host.toLowerCase()));
  return known !== undefined && image !== '' && !known.includes(image.toLowerCase());
}

/** Hosts and images spell processors differently; those of one family run each other's programs. */
const FAMILIES: readonly (readonly string[])[] = [
  ['x86_64', 'amd64', 'x86', '386', 'i386', 'i686'],
  ['aarch64', 'arm64', 'arm'],
];

export function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

function loginFor(image: string, credentials: readonly RegistryCredential[]): RegistryCredential | undefined {
  const registry = registryOf(image);
  return credentials.find(
    ({ server, username, password }) => username && password && isServerOf(server, registry),
  );
}

async function pull(
  docker: Docker,
  image: string,
  login: RegistryCredential | undefined,
  context: { signal: AbortSignal; report(fact: Fact): Promise<void> },
): Promise<void> {
  const named = isLatest(image) && !/:latest$/.test(image) ? `${image}:latest` : image; // without a tag the API pulls them all
  const options = login?.password
    ? {
        authconfig: {
          username: login.username,
          password: login.password.reveal(),
          serveraddress: login.server,
        },
      }
    : {};
  const stream = await within(context.signal, docker.pull(named, options));
  const progress = layerProgress((percent) => void context.report({ kind: 'pull-progress', image, percent }));
  const done = new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()), progress);
  });
  await within(context.signal, done);
}

interface LayerEvent {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
}

/** Layers download side by side; tells each tenth of the whole once. */
export function layerProgress(tell: (percent: number) => void): (event: LayerEvent) => void {
  const layers = new Map<string, { current: number; total: number }>();
  let told = 0;
  return (event) => {
    if (!event.id || event.status !== 'Downloading') return;
    layers.set(event.id, {
      current: event.progressDetail?.current ?? 0,
      total: event.progressDetail?.total ?? 0,
    });
    const all = [...layers.values()];
    const total = all.reduce((sum, layer) => sum + layer.total, 0);
    const percent =
      total > 0 ? Math.floor((all.reduce((sum, layer) => sum + layer.current, 0) / total) * 10) * 10 : 0;
    if (percent <= told) return;
    told = percent;
    tell(percent);
  };
}

/** ACI calls most of these InaccessibleImage; which of them it is matters to whoever has to mend it. */
export function pullFailure(thrown: unknown, image: string, login?: string): Failure {
  const words = engineMessage(thrown);
  const registry = registryOf(image);
  const about = { image, ...(login === undefined ? {} : { registry: login }) };
  const known = PULL_CAUSES.find(({ pattern }) => pattern.test(words));
  if (known) {
    return new Failure(known.code, known.say(image, registry, words), {
      advice: known.advice(registry, login !== undefined),
      cause: thrown,
      about,
    });
  }
  if (unreachable(thrown)) return causeOf(thrown, `to pull ${image}`);
  return new Failure('image-not-pulled', `The image ${image} could not be pulled: ${words}`, {
    advice: 'The registry’s own words are above; it is tried again by itself.',
    cause: thrown,
    about,
  });
}

const PULL_CAUSES: readonly {
  pattern: RegExp;
  code: string;
  say(image: string, registry: string, words: string): string;
  advice(registry: string, loggedIn: boolean): string;
}[] = [
  {
    pattern: /no space left on device/i,
    code: 'disk-full',
    say: (image) => `The host’s disk is full: ${image} has no room.`,
    advice: () =>
      'Free space on the host, for example with `docker image prune`; it is tried again by itself.',
  },
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    code: 'registry-throttled',
    say: (image, registry) => `${registry} is throttling pulls; ${image} was not given out.`,
    advice: () => 'It is tried again by itself. Logging in (imageRegistryCredentials) raises the limit.',
  },
  {
    pattern: /no matching manifest|does not match the (detected|specified)/i,
    code: 'wrong-architecture',
    say: (image) => `The image ${image} is not made for the host’s processor architecture.`,
    advice: () => 'Build and push it for the host’s architecture too.',
  },
  {
    pattern:
      /unauthorized|authentication required|no basic auth credentials|incorrect username or password|denied: (?!requested access)/i,
    code: 'registry-refused',
    say: (image, registry) => `${registry} refused the login for ${image}.`,
    advice: (registry, loggedIn) =>
      loggedIn
        ? `Check the entry for ${registry} under imageRegistryCredentials.`
        : `There is no login for ${registry}: add one under imageRegistryCredentials, or katabot secret set registry:${registry}`,
  },
  {
    pattern:
      /manifest( for .*)? (unknown|not found)|repository .* not found|pull access denied|denied|not found/i,
    code: 'image-not-found',
    say: (image, registry) =>
      `The image ${image} was not found: ${registry} knows no such repository or tag, or keeps it private.`,
    advice: () =>
      'Check the name and the tag; for a private image add its registry under imageRegistryCredentials.',
  },
  {
    pattern:
      /no such host|i\/o timeout|connection refused|network is unreachable|no route to host|server misbehaving|TLS handshake|request canceled|context deadline|x509|HTTP response to HTTPS/i,
    code: 'registry-unreachable',
    say: (image, registry, words) => `${registry} could not be reached for ${image}: ${words}`,
    advice: () => 'Check the host’s way to the registry, or load the image onto the host (`docker load`).',
  },
];
