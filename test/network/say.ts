/** A client that speaks HTTP by hand. */
import { connect } from 'node:net';

/**
 * All that comes back for a request, up to the end of the connection; '' when there was none. `unfinished` leaves out the
 * empty line that ends the headers.
 */
export function say(
  { host, port, unfinished = false }: { host: string; port: number; unfinished?: boolean },
  ...lines: string[]
): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const client = connect(port, host, () =>
      client.write(`${lines.join('\r\n')}\r\n${unfinished ? '' : '\r\n'}`),
    );
    client.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    client.on('error', () => {}); // the end follows
    client.on('close', () => resolve(text));
  });
}
