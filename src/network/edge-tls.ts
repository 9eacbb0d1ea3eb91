import type { Socket } from 'node:net';
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';

/** TLS in front of the edge. */
export interface TlsDoor {
  readonly server: Server;
  /** Ends every connection, also one that has not come so far as to ask for something. */
  endAll(): void;
}

export interface TlsDoorParts {
  /** What is shown to a client that asks for the name; answers from memory. */
  readonly contextFor: (name: string) => SecureContext | undefined;
  readonly handshakeTimeoutMs: number;
  /** Takes a connection once it is safe; `protocol` is `h2` or `http/1.1`. */
  readonly enter: (socket: TLSSocket, protocol: string) => void;
}

/** A fatal alert `unrecognized_name` (RFC 6066, 3), in a record of TLS. */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70]);

/** TLS 1.2 and 1.3. Who asks for a name that nobody here has is told that, and sees no certificate of anybody else. */
export function createTlsDoor({ contextFor, handshakeTimeoutMs, enter }: TlsDoorParts): TlsDoor {
  /** What is below TLS, by the client's place: node tells a name only to somebody who cannot answer it with an alert. */
  const connections = new Map<string, Socket>();
  const server = createServer({
    ALPNProtocols: ['h2', 'http/1.1'],
    minVersion: 'TLSv1.2',
    handshakeTimeout: handshakeTimeoutMs,
    SNICallback(this: TLSSocket | undefined, name, done) {
      const context = contextFor(name.toLowerCase());
      const connection = context || !this ? undefined : connections.get(placeOf(this));
      if (connection) connection.end(UNRECOGNIZED_NAME);
      else done(null, context); // without a context the handshake ends for want of a certificate
    },
  });
  server.on('connection', (socket: Socket) => {
    const place = placeOf(socket);
    connections.set(place, socket);
    socket.once('close', () => connections.delete(place));
  });
  server.on('tlsClientError', () => {}); // whoever cannot agree on TLS is gone already
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    enter(socket, socket.alpnProtocol || 'http/1.1');
  });
  return {
    server,
    endAll() {
      for (const socket of connections.values()) socket.destroy();
    },
  };
}

function placeOf({ remoteAddress = '', remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
