import { once } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Keyboard, Screen } from './parts.ts';

/** The process's own standard output or standard error. */
export function screenOn(
  stream: NodeJS.WriteStream | WriteStream,
  { colour, movable }: { readonly colour: boolean; readonly movable: boolean },
): Screen {
  return {
    write: (text) => (stream.write(text) || stream.destroyed ? undefined : drained(stream)),
    terminal: stream.isTTY === true,
    movable,
    colour,
    size: () => (stream.isTTY ? { rows: stream.rows, columns: stream.columns } : undefined),
    onResize(changed) {
      stream.on('resize', changed);
      return () => stream.off('resize', changed);
    },
  };
}

/** A reader that goes away is told to the whole program where the stream is made; nobody waits for it here. */
async function drained(stream: NodeJS.WritableStream): Promise<void> {
  await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
}

/** The process's own standard input. */
export function keyboardOn(stream: NodeJS.ReadStream | ReadStream): Keyboard {
  return {
    terminal: stream.isTTY === true,
    readAll: async () => Buffer.concat(await Array.fromAsync(stream)),
    listen(heard, ended) {
      stream.on('data', heard).on('end', ended).resume();
      return {
        pause: () => stream.pause(),
        resume: () => stream.resume(),
        close: () => stream.off('data', heard).off('end', ended).pause(), // paused, it keeps no process alive
      };
    },
    raw() {
      stream.setRawMode(true);
      return () => stream.setRawMode(false);
    },
  };
}
