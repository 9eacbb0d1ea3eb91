import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secrets/index.ts';
import { CLASSES, HEADER_BYTES, TYPES, uint16, wireName } from './wire.ts';

/** A key that a name server knows too; HMAC-SHA256 (RFC 8945). */
export interface TsigKey {
  readonly name: string;
  /** Base64. */
  readonly secret: Secret;
}

const ALGORITHM = 'hmac-sha256';
const FUDGE_SECONDS = 300;
/** The name of the algorithm, time, fudge, length of the MAC; behind the MAC: id, error, length of the rest. */
const TAIL_BYTES = 6;

/** The message with its signature, and the signature itself, which the answer's is made over. */
export function signed(message: Buffer, key: TsigKey, nowMs: number): { message: Buffer; mac: Buffer } {
  const seconds = Math.floor(nowMs / 1000);
  const mac = macOf([message, variables(key, seconds, 0)], key);
  const whole = Buffer.concat([message, tsigRecord(message, key, seconds, mac)]);
  whole.writeUInt16BE(whole.readUInt16BE(10) + 1, 10);
  return { message: whole, mac };
}

/** Whether an answer is the name server's own. One that says that the signature was not understood cannot be signed. */
export function isSigned(answer: Buffer, key: TsigKey, request: Buffer): boolean {
  const found = tsigOf(answer, key);
  if (found?.mac.length !== 32) return false;
  const bare = Buffer.from(answer.subarray(0, found.at));
  bare.writeUInt16BE(bare.readUInt16BE(10) - 1, 10);
  const own = variables(key, found.seconds, found.error);
  return timingSafeEqual(macOf([uint16(request.length), request, bare, own], key), found.mac);
}

/** What the name server says of the request's signature; 0 when it says nothing. Nobody has to have signed that. */
export function tsigErrorOf(answer: Buffer, key: TsigKey): number {
  return tsigOf(answer, key)?.error ?? 0;
}

interface Tsig {
  readonly at: number;
  readonly seconds: number;
  readonly mac: Buffer;
  readonly error: number;
}

function tsigOf(answer: Buffer, key: TsigKey): Tsig | undefined {
  const prefix = Buffer.concat([wireName(key.name), uint16(TYPES.TSIG), uint16(CLASSES.ANY)]);
  const at = answer.toString('latin1').toLowerCase().lastIndexOf(prefix.toString('latin1'));
  const algorithm = wireName(ALGORITHM);
  const data = at + prefix.length + 6;
  const macAt = data + algorithm.length + 10;
  if (at < HEADER_BYTES || macAt > answer.length) return undefined;
  const seconds = answer.readUIntBE(data + algorithm.length, 6);
  const end = macAt + answer.readUInt16BE(macAt - 2);
  if (end + TAIL_BYTES > answer.length) return undefined;
  return { at, seconds, mac: answer.subarray(macAt, end), error: answer.readUInt16BE(end + 2) };
}

function tsigRecord(message: Buffer, key: TsigKey, seconds: number, mac: Buffer): Buffer {
  const data = Buffer.concat([
    wireName(ALGORITHM),
    time(seconds),
    uint16(FUDGE_SECONDS),
    uint16(mac.length),
    mac,
    message.subarray(0, 2),
    uint16(0),
    uint16(0),
  ]);
  return Buffer.concat([
    wireName(key.name),
    uint16(TYPES.TSIG),
    uint16(CLASSES.ANY),
    Buffer.alloc(4),
    uint16(data.length),
    data,
  ]);
}

function variables({ name }: TsigKey, seconds: number, error: number): Buffer {
  return Buffer.concat([
    wireName(name),
    uint16(CLASSES.ANY),
    Buffer.alloc(4),
    wireName(ALGORITHM),
    time(seconds),
    uint16(FUDGE_SECONDS),
    uint16(error),
    uint16(0),
  ]);
}

function macOf(parts: readonly Buffer[], { secret }: TsigKey): Buffer {
  const hmac = createHmac('sha256', Buffer.from(secret.reveal(), 'base64'));
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function time(seconds: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(seconds, 0, 6);
  return bytes;
}
