/** A program that a test puts into another network namespace: it calls out from there, and answers there. */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type PretendResolver, startPretendResolver } from './resolver.ts';

export interface Call {
  readonly kind: 'tcp' | 'udp';
  /** A name is looked up as the machine's own resolver tells it. */
  readonly host: string;
  readonly port: number;
  readonly limitMs: number;
}

/** What the test sends; each is answered with a text under its number. */
export interface Errand {
  readonly number: number;
  readonly call?: Call;
  /** Answer datagrams there with what they say. */
  readonly echoAt?: { readonly port: number; readonly host: string };
  /** Answer questions for names there, with their addresses. */
  readonly resolveAt?: { readonly host: string; readonly names: Readonly<Record<string, string>> };
  /** Tell what was asked there, a question a line. */
  readonly asked?: true;
}

const WORDS = 'hello by name';

let resolver: PretendResolver | undefined;

process.on('disconnect', () => process.exit());
process.on('message', async ({ number, call, echoAt, resolveAt, asked }: Errand) => {
  if (call) process.send?.({ number, text: await called(call) });
  if (echoAt) process.send?.({ number, text: await echoing(echoAt) });
  if (resolveAt) process.send?.({ number, text: await resolving(resolveAt) });
  if (asked) process.send?.({ number, text: resolver?.asked.join('\n') ?? '' });
});

/** What came back, or the code of the error; `timeout` for silence. */
function called({ kind, host, port, limitMs }: Call): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const limit = setTimeout(resolve, limitMs, 'timeout');
  const failed = ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'failed');
  const heard = (answer: Buffer) => resolve(answer.toString());
  const close = kind === 'tcp' ? callTcp() : callUdp();
  return promise.finally(() => {
    clearTimeout(limit);
    close();
  });

  function callTcp() {
    const socket = connect(port, host, () => socket.write(WORDS));
    socket.on('error', failed).on('data', heard);
    return () => socket.destroy();
  }

  function callUdp() {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      .on('error', failed)
      .on('message', heard);
    socket.connect(port, host, (error?: Error) => (error ? failed(error) : socket.send(WORDS)));
    return () => socket.close();
  }
}

function echoing({ port, host }: NonNullable<Errand['echoAt']>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createSocket('udp4');
  socket.on('error', ({ message }) => resolve(message));
  socket.on('message', (words, from) => socket.send(words, from.port, from.address));
  socket.bind(port, host, () => resolve('ready'));
  return promise;
}

async function resolving({ host, names }: NonNullable<Errand['resolveAt']>): Promise<string> {
  try {
    resolver = await startPretendResolver(host, 53);
  } catch (error) {
    return String(error);
  }
  for (const [name, address] of Object.entries(names)) resolver.put(name, { address });
  return 'ready';
}
