import { Failure, messageOf, systemCodeOf } from '../../failure.ts';

/**
 * What keeps a bot from starting and can be mended by who starts it: a port that is taken, a folder that may not be
 * written. Anything else comes back as it is.
 */
export function startFailure(error: unknown, dataFolder: string): unknown {
  const code = systemCodeOf(error);
  if (syscallOf(error) === 'listen') return listenFailure(error, code);
  if (!FOLDER_CODES.has(code)) return error;
  return new Failure('data-unusable', `The data folder ${dataFolder} cannot be used (${messageOf(error)}).`, {
    advice: 'Give the bot a folder of its own that it may write: KATABOT_DATA=/path/to/folder',
    cause: error,
  });
}

const FOLDER_CODES = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'EISDIR']);

function listenFailure(error: unknown, code: string): Failure {
  const { address, port }: { address?: unknown; port?: unknown } = Object(error);
  const place = `${address}:${port}`;
  const [why, advice] =
    code === 'EADDRINUSE'
      ? ['somebody listens there already', 'Is another bot running? Otherwise choose another port']
      : code === 'EACCES'
        ? ['this user may not use that port', 'Choose a port from 1024 upwards']
        : ['this machine does not have that address', 'Name one that it has, or 0.0.0.0 for all of them'];
  return new Failure('address-unusable', `The bot cannot listen on ${place}: ${why}.`, {
    advice: `${advice} (settings: http.address, edge.address).`,
    cause: error,
  });
}

function syscallOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'syscall' in error ? error.syscall : undefined;
}
