import { type About, Failure, messageOf } from '../../failure.ts';
import { engineMountFailure } from './mount-causes.ts';

/** What dockerode throws when the engine answers with an error. */
interface EngineError {
  statusCode?: number;
  json?: { message?: string };
  code?: string;
}

/** The engine's own words, without dockerode's additions. */
export function engineMessage(thrown: unknown): string {
  const said = asEngineError(thrown).json?.message;
  // An answer that was to be a stream is not read as JSON: its words stand behind what dockerode writes before them.
  return said
    ? said.replace(/\s+/g, ' ').trim()
    : messageOf(thrown).replace(/^\(HTTP code \d+\) [a-z ]+ - /, '');
}

export function statusOf(thrown: unknown): number | undefined {
  return asEngineError(thrown).statusCode;
}

/** Whether it is an error that the engine itself has answered with, in words of its own. */
export function saysItself(thrown: unknown): boolean {
  return asEngineError(thrown).json?.message !== undefined;
}

function asEngineError(thrown: unknown): EngineError {
  return typeof thrown === 'object' && thrown !== null ? thrown : {};
}

const UNREACHABLE =
  /ECONNREFUSED|ENOENT|ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOTFOUND|socket hang up|TimeoutError|aborted due to timeout/;

export function unreachable(thrown: unknown): boolean {
  if (statusOf(thrown) !== undefined) return false;
  const { code } = asEngineError(thrown);
  return UNREACHABLE.test(`${code ?? ''} ${thrown instanceof Error ? thrown.name : ''} ${messageOf(thrown)}`);
}

/** The failure of work on one container or volume: the cause, and what it is about. */
export function blame(thrown: unknown, doing: string, about: About): Failure {
  const { code, message, advice, cause, about: known } = causeOf(thrown, doing);
  return new Failure(code, message, { advice, cause, about: { ...about, ...known } });
}

/** A failure with its cause, whatever the engine threw. Failures pass through as they are. */
export function causeOf(thrown: unknown, doing: string): Failure {
  if (thrown instanceof Failure) return thrown;
  if (unreachable(thrown)) {
    return new Failure('engine-unreachable', `The Docker Engine does not answer (${messageOf(thrown)}).`, {
      advice: 'The wish is kept: the deploy goes on by itself as soon as the engine answers again.',
      cause: thrown,
    });
  }
  const untrusted = certificateFailure(thrown);
  if (untrusted) return untrusted;
  const words = engineMessage(thrown);
  const unmounted = engineMountFailure(words);
  if (unmounted) return unmounted;
  const known = CAUSES.find(({ pattern }) => pattern.test(words));
  if (known) {
    const { code, say, advice, about } = known;
    return new Failure(code, say(words), { advice, cause: thrown, about: about?.(words) ?? {} });
  }
  return new Failure('engine-refused', `The engine refused ${doing}: ${words}`, {
    advice: 'The engine’s own words are above; nothing was changed by this step.',
    cause: thrown,
  });
}

/** What TLS says when one of the two certificates is not taken; undefined for anything else. */
function certificateFailure(thrown: unknown): Failure | undefined {
  if (statusOf(thrown) !== undefined) return undefined;
  const words = `${asEngineError(thrown).code ?? ''} ${messageOf(thrown)}`;
  const failure = (message: string, advice: string) =>
    new Failure('engine-unreachable', message, { advice, cause: thrown });
  if (/SSL.*ALERT|alert number|alert (certificate|bad certificate|unknown ca)/i.test(words))
    return failure(
      'The Docker Engine does not take the bot’s certificate (tls.cert).',
      'Sign it with the certificate authority that the engine was given (--tlscacert), for clientAuth, and see that it has not expired.',
    );
  if (/CERT|UNABLE_TO_|altname/i.test(words))
    return failure(
      `The Docker Engine shows a certificate that tls.ca does not vouch for (${messageOf(thrown)}), so nothing was said to it.`,
      'Give tls.ca the authority that has signed the engine’s certificate; the certificate names the host as the settings do.',
    );
  return undefined;
}

interface Cause {
  pattern: RegExp;
  code: string;
  say(words: string): string;
  advice: string;
  about?(words: string): About;
}

/** The engine's sentences, from 20.10 on, and what each means for the person who deploys. */
const CAUSES: readonly Cause[] = [
  {
    // Before what is said of files: NVIDIA's hook says so of the host's libraries, not of a program.
    pattern: /could not select device driver|unresolvable CDI devices|nvidia-container-(cli|runtime-hook)/i,
    code: 'gpu-missing',
    say: (words) => `The host’s engine hands out no such GPU: ${gpuIn(words)}`,
    advice:
      'Whoever runs the host looks at it: the NVIDIA Container Toolkit and its driver (`nvidia-smi`), or the CDI files under /etc/cdi; and at locations.NAME.gpus in the settings. It is tried again by itself.',
  },
  {
    pattern: /quota size requested|no quota support|setting quota/i,
    code: 'limit-unsupported',
    say: () => 'The host’s file system cannot limit how much an emptyDir holds.',
    advice:
      'Use `medium: Memory`, or leave `sizeLimit` out. Limits on the disk take XFS, mounted with pquota, under the engine’s folder.',
  },
  {
    // The last one is Windows’ own, of a port among the endpoints of its networks.
    pattern: /port is already allocated|address already in use|hns.*being used by another process/i,
    code: 'port-taken',
    say: (words) => `The port is taken on the host: ${portIn(words)}.`,
    advice: 'Stop what holds the port, or publish another one under ipAddress.ports.',
    about: placeIn,
  },
  {
    pattern: /cannot assign requested address/i,
    code: 'address-missing',
    about: placeIn,
    say: (words) => `The host does not own the group’s address: ${words}`,
    advice: 'Give the location addresses that the host owns (settings: locations.NAME.addresses).',
  },
  {
    pattern: /no space left on device/i,
    code: 'disk-full',
    say: () => 'The host’s disk is full.',
    advice:
      'Free space on the host, for example with `docker image prune`; the deploy is tried again by itself.',
  },
  {
    // Said of the host's folders and devices, so it comes before what is said of a program.
    pattern: /failed to mount|error (while )?mounting|create mountpoint/i,
    code: 'volume-failed',
    say: (words) => `A volume could not be mounted: ${words}`,
    advice: 'Check `mountPath`: nothing that the image needs may be covered, and a file is no folder.',
  },
  {
    pattern:
      /executable file not found|no such file or directory: unknown|exec: .* (not found|no such file)|CreateProcess.*cannot find the (file|path)/i,
    code: 'command-not-found',
    say: (words) => `The command does not exist in the image: ${commandIn(words)}.`,
    advice: 'Check `command`; it replaces the image’s entrypoint and runs without a shell.',
  },
  {
    pattern: /permission denied/i,
    code: 'command-not-executable',
    say: (words) => `The command may not be run: ${commandIn(words)}.`,
    advice: 'Give the file its executable bit in the image, or run it through its interpreter.',
  },
  {
    pattern: /exec format error|does not match the (detected|specified) platform/i,
    code: 'wrong-architecture',
    say: () => 'The image is made for another processor architecture than the host’s.',
    advice: 'Build the image for the host’s architecture, or as a multi-architecture image.',
  },
  {
    pattern: /unable to find (user|group) /i,
    code: 'user-unknown',
    say: (words) =>
      `The image runs as a user that it does not have: ${/unable to find (?:user|group) ([^:]+)/i.exec(words)?.[1] ?? words}.`,
    advice: 'Add the user to the image, or name it by its number in the image’s USER.',
  },
  {
    pattern: /no such image/i,
    code: 'image-pruned',
    say: (words) => `The image is no longer on the host: ${/sha256:[0-9a-f]{12}/.exec(words)?.[0] ?? words}.`,
    advice:
      'Load it onto the host again (`docker load`), or deploy anew, which pulls it: `katabot deploy GROUP`. It is tried again by itself.',
  },
  {
    pattern: /Range of CPUs is from/i,
    code: 'no-capacity',
    say: (words) => `The host has too few processors: ${words}`,
    advice: 'Ask for less under resources.requests.cpu, or name a larger location.',
  },
  {
    pattern: /Minimum memory limit allowed/i,
    code: 'memory-too-small',
    say: (words) => words,
    advice: 'Ask for more under resources.requests.memoryInGB.',
  },
  {
    pattern: /Pool overlaps with other one|overlaps with (an )?existing|networks have overlapping/i,
    code: 'network-overlap',
    say: (words) => `The group’s own network clashes with one that exists on the host: ${words}`,
    advice: 'Give the location a range that is free on the host (settings: locations.NAME.bridges).',
  },
  {
    pattern: /virtual machine could not be started because a required feature is not installed/i,
    code: 'isolation-missing',
    say: () => 'The host has no Hyper-V, so it isolates no group, and nothing of this one ran.',
    advice:
      'Whoever runs the host installs it (Install-WindowsFeature -Name Hyper-V), or lets its virtual machine nest another. It is tried again by itself.',
  },
  {
    pattern: /unknown or invalid runtime name|Unknown runtime/i,
    code: 'runtime-missing',
    say: (words) => words,
    advice:
      'Register the runtime in the host’s /etc/docker/daemon.json, or name another (settings: locations.NAME.runtime).',
  },
];

/** Behind "for" (to 27), "listen tcp4" (the proxy), "host port for" (28, with the container's own after it) and "host port" (29). */
const WHERE_TO_BIND =
  /(?:bind for |listen (?:tcp|udp)\d? ?|bind host port (?:for )?)(\[[0-9a-f:]+\]:\d+|[\d.]+:\d+|[0-9a-f:]+:\d+)(?=[:/ ])/i;

function portIn(words: string): string {
  return WHERE_TO_BIND.exec(words)?.[1] ?? words;
}

/** What of it is about the card; a hook's words come wrapped in those of three programs. */
function gpuIn(words: string): string {
  return (
    /(could not select device driver.*|unresolvable CDI devices.*|nvidia-container-(?:cli|runtime-hook).*)/i
      .exec(words)?.[1]
      ?.replace(/:? ?unknown$/, '')
      .concat('.') ?? words
  );
}

/** The address and port that the engine names. */
function placeIn(words: string): About {
  const [, address = '', port] = /^(.*):(\d+)$/.exec(portIn(words)) ?? [];
  return port ? { port: Number(port), address: address.replace(/^\[|\]$/g, '') } : {};
}

function commandIn(words: string): string {
  const [, runc, windows] = /exec: \\?"([^"\\]+)|System::CreateProcess: (.+?): failure/.exec(words) ?? [];
  return runc ?? windows ?? words;
}
