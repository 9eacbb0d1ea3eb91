import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { decode, encode } from 'dns-packet';
import type { Clock } from '../clock.ts';
import { Failure, messageOf } from '../failure.ts';
import { withPort } from './ranges.ts';
import { HEADER_BYTES, uint16 } from './wire.ts';
import type { ZoneRecord } from './zone.ts';

/** A name server of somebody else. */
export interface Asked {
  readonly server: { readonly host: string; readonly port: number };
  readonly clock: Clock;
}

const ANSWER_LIMIT_MS = 5_000;

/** Sends a message and gives its answer. Throws a Failure `dns-unreachable`. */
export async function askServer({ server, clock }: Asked, message: Buffer): Promise<Buffer> {
  return exchange(server, message, clock).catch((error: unknown) => {
    const where = withPort(server.host, server.port);
    throw new Failure('dns-unreachable', `The name server ${where} does not answer (${messageOf(error)}).`, {
      advice: 'It is tried again by itself; katabot doctor looks at the name server.',
    });
  });
}

/** The texts at a name, as nobody has signed them; none where the server tells none that can be read. */
export async function textsAt(asked: Asked, name: string): Promise<ZoneRecord[]> {
  const question = encode({ type: 'query', id: randomInt(65_536), questions: [{ type: 'TXT', name }] });
  return textsIn(await askServer(asked, question), name);
}

function textsIn(answer: Buffer, name: string): ZoneRecord[] {
  try {
    return (decode(answer).answers ?? []).flatMap((record) =>
      record.type === 'TXT' && record.name.toLowerCase() === name.toLowerCase()
        ? [{ name, type: 'TXT', data: [record.data].flat().join('') }]
        : [],
    );
  } catch {
    return [];
  }
}

/** Over TCP, where length is no concern and an answer comes from who was asked. */
function exchange(server: Asked['server'], message: Buffer, clock: Clock): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const socket = connect({ host: server.host, port: server.port });
  const cancel = clock.after(ANSWER_LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
  let received = Buffer.alloc(0);
  socket.on('connect', () => socket.write(Buffer.concat([uint16(message.length), message])));
  socket.on('data', (part) => {
    received = Buffer.concat([received, part]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    const answer = received.subarray(2, 2 + received.readUInt16BE(0));
    if (answer.length < HEADER_BYTES || !answer.subarray(0, 2).equals(message.subarray(0, 2)))
      reject(new Error('its answer belongs to no question'));
    else resolve(answer);
    socket.destroy();
  });
  socket.on('error', reject);
  socket.on('close', () => {
    cancel();
    reject(new Error('the connection ended'));
  });
  return promise;
}
