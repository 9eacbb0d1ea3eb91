import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { answerTo, slipped } from './dns-answer.ts';
import { createDnsLimit } from './dns-limit.ts';
import { uint16 } from './wire.ts';
import type { Zone } from './zone.ts';

export interface DnsServer {
  /** Listens for datagrams and connections at one address; gives the port. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

export interface DnsServerParts {
  readonly zone: Zone;
  readonly clock: Clock;
  /** Answers to one network of clients; 0 for no limit. */
  readonly responsesPerSecond: number;
}

const MOST_CONNECTIONS = 128;
/** A connection on which nobody asks anything. */
const IDLE_MS = 10_000;
const RECEIVE_BYTES = 4 * 2 ** 20;

/** Answers for one zone, and for nothing else: it never asks anybody, so nobody can have it ask. */
export function createDnsServer(parts: DnsServerParts): DnsServer {
  const limit = createDnsLimit(parts.responsesPerSecond, parts.clock);
  let datagrams: Datagrams | undefined;
  let connections: Server | undefined;
  const open = new Set<Socket>();
  return {
    async listen(host, port) {
      connections = createServer((socket) => {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
        converse(parts, socket);
      });
      connections.maxConnections = MOST_CONNECTIONS;
      connections.listen(port, host);
      await once(connections, 'listening');
      const bound = connections.address();
      const given = typeof bound === 'object' && bound ? bound.port : port;
      datagrams = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
      const socket = datagrams;
      socket.on('message', (message, { address, port: from }) => {
        const verdict = limit(address);
        if (verdict === 'drop') return;
        const answer = verdict === 'slip' ? slipped(message) : answerTo(parts.zone, message, 'udp');
        if (answer) socket.send(answer, from, address, () => {}); // whoever cannot be reached asks again
      });
      socket.bind(given, host);
      await once(socket, 'listening');
      socket.on('error', () => {}); // about one datagram, such as a sender whose port is gone
      try {
        socket.setRecvBufferSize(RECEIVE_BYTES);
      } catch {
        // the host allows less
      }
      return given;
    },
    async close() {
      for (const socket of open) socket.destroy();
      const closing = [datagrams && once(datagrams, 'close'), connections && once(connections, 'close')];
      datagrams?.close();
      connections?.close();
      await Promise.all(closing);
    },
  };
}

/** Messages on a connection have their length before them; several may come before the first is answered (RFC 7766). */
function converse({ zone, clock }: DnsServerParts, socket: Socket): void {
  let unread = Buffer.alloc(0);
  let cancel = clock.after(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => cancel());
  socket.on('data', (part) => {
    unread = Buffer.concat([unread, part]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      const answer = answerTo(zone, unread.subarray(2, end), 'tcp');
      unread = unread.subarray(end);
      if (!answer) {
        socket.destroy();
        return;
      }
      cancel();
      cancel = clock.after(IDLE_MS, () => socket.destroy());
      socket.write(Buffer.concat([uint16(answer.length), answer]));
    }
    // Who asks and never reads is not kept waiting for.
    if (socket.writableLength > 2 ** 20) socket.destroy();
  });
}
