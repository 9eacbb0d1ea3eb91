import type { Mask, MaskedStream } from '../spec/index.ts';

export interface LogLine {
  readonly container: string;
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as the engine gives it. */
  readonly timestamp: string;
  readonly text: string;
  /** Which revision its container was made for, where the engine shows it. */
  readonly revision?: number;
  /** The line was too long to be given whole, and goes on in the next one of its container and stream. */
  readonly cut?: true;
}

/** Gives the lines of a log without secrets; a line that was cut for its length goes on in the next one. */
export function lineMask(mask: Mask): (line: LogLine) => LogLine {
  const open = new Map<string, MaskedStream>();
  return (line) => {
    const from = `${line.container} ${line.stream}`;
    const before = open.get(from);
    if (!before && !line.cut) return { ...line, text: mask(line.text) };
    const stream = before ?? mask.stream();
    const parts = [stream.take(Buffer.from(line.text))];
    if (line.cut) open.set(from, stream);
    else {
      open.delete(from);
      parts.push(stream.end());
    }
    return { ...line, text: Buffer.concat(parts).toString('utf8') };
  };
}
