import { type About, Failure } from '../../failure.ts';
import { type Share, shareSource } from './shares.ts';

// What the kernel means when it does not mount what another machine keeps.

/** Why the kernel did not mount a file share, from its number of the error. */
export function shareFailure(share: Share, code: number): Failure {
  const { account, server, port, volume } = share;
  const place = `${shareSource(share)}${port === undefined ? '' : ` (port ${port})`}`;
  const about = { volume };
  switch (reasonOf(code)) {
    case 'refused':
      return new Failure('share-refused', `${server} does not let ${share.user ?? account} in to ${place}.`, {
        advice: 'Check storageAccountKey (it may have been rotated), and that the account may use the share.',
        about,
      });
    case 'missing':
      return new Failure('volume-missing', `There is no file share ${place}.`, {
        advice: 'Check shareName; shares are made where the account is.',
        about,
      });
    case 'unreachable':
      return new Failure('share-unreachable', `${server} is not reached for ${place}: ${wordsOf(code)}.`, {
        advice:
          'The host speaks SMB to it, TCP port 445 unless the settings name another; it is tried again by itself.',
        about,
      });
    case 'unsupported':
      return unsupported('SMB file shares', 'cifs', about);
    case 'other':
      return new Failure('volume-failed', `${place} could not be mounted: ${wordsOf(code)}.`, {
        advice: 'Whoever runs the host finds the kernel’s own words with `dmesg`.',
        about,
      });
  }
}

/**
 * The engine's own words where it mounts by itself, such as `failed to mount local volume: mount :/a:/var/lib/docker/volumes/x/_data,
 * data: addr=192.0.2.1: permission denied`; undefined for anything else.
 */
export function engineMountFailure(words: string): Failure | undefined {
  const [, source = '', volumePath = '', reason = ''] =
    /failed to mount local volume: mount (\S+?):(\/\S+?)(?:, flags: \S+)?, data: .*: ([a-z /]+)$/i.exec(
      words,
    ) ?? [];
  if (!source) return undefined;
  const about = { volume: /\.([^./]+)\/_data$/.exec(volumePath)?.[1] ?? '' };
  const isShare = source.startsWith('//');
  const what = isShare ? source : `${source.slice(1)} of the NFS server`;
  const code = Number(Object.keys(WORDS).find((each) => WORDS[Number(each)] === reason.toLowerCase()) ?? 0);
  switch (reasonOf(code)) {
    case 'unsupported':
      return isShare ? unsupported('SMB file shares', 'cifs', about) : unsupported('NFS', 'nfs', about);
    case 'refused':
      return new Failure('share-refused', `The server does not let this host in to ${what}.`, {
        advice: isShare
          ? 'Check storageAccountKey, and that the account may use the share.'
          : 'Check path, and that the server exports it to this host.',
        about,
      });
    case 'missing':
      return new Failure('volume-missing', `There is no ${what}.`, {
        advice: isShare ? 'Check shareName.' : 'Check path.',
        about,
      });
    case 'unreachable':
      return new Failure('share-unreachable', `The server of ${what} is not reached: ${reason}.`, {
        advice: 'Check its name, and that the host may speak to it; it is tried again by itself.',
        about,
      });
    case 'other':
      return new Failure('volume-failed', `The engine could not mount ${what}: ${reason}.`, {
        advice: 'Whoever runs the host finds the kernel’s own words with `dmesg`.',
        about,
      });
  }
}

function unsupported(what: string, module: string, about: About): Failure {
  return new Failure('share-unsupported', `The host’s kernel cannot mount ${what}.`, {
    advice: `Whoever runs the host gives it the kernel module ${module} (\`modprobe ${module}\`), or another location is named.`,
    about,
  });
}

type Reason = 'refused' | 'missing' | 'unreachable' | 'unsupported' | 'other';

/** Linux' numbers: EPERM stays `other`, for it is the helper or the engine that may not mount. */
function reasonOf(code: number): Reason {
  if (code === 13 || code === 126 || code === 127 || code === 129) return 'refused';
  if (code === 2) return 'missing';
  if (code === 19) return 'unsupported';
  return [11, 100, 101, 103, 104, 110, 111, 112, 113, 115].includes(code) ? 'unreachable' : 'other';
}

function wordsOf(code: number): string {
  return WORDS[code] ?? `error ${code}`;
}

/** Linux' words for its numbers, as Go prints them (syscall/zerrors_linux_amd64.go). */
const WORDS: Readonly<Record<number, string>> = {
  1: 'operation not permitted',
  2: 'no such file or directory',
  5: 'input/output error',
  11: 'resource temporarily unavailable',
  13: 'permission denied',
  19: 'no such device',
  22: 'invalid argument',
  93: 'protocol not supported',
  95: 'operation not supported',
  100: 'network is down',
  101: 'network is unreachable',
  103: 'software caused connection abort',
  104: 'connection reset by peer',
  110: 'connection timed out',
  111: 'connection refused',
  112: 'host is down',
  113: 'no route to host',
  115: 'operation now in progress', // what SMB says of a port that a firewall swallows
  126: 'required key not available',
  127: 'key has expired',
  129: 'key was rejected by service',
};
