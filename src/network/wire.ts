// What every message of DNS is made of (RFC 1035).

export const HEADER_BYTES = 12;
export const TYPES = {
  A: 1,
  NS: 2,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  TSIG: 250,
  ANY: 255,
} as const;
export const CLASSES = { IN: 1, NONE: 254, ANY: 255 } as const;
/** The mark of an answer among the flags of a message. */
export const RESPONSE = 0x8000;

/** A name on the wire, in lower case. */
export function wireName(name: string): Buffer {
  const labels = name.toLowerCase().split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    ZERO,
  ]);
}

const ZERO = Buffer.from([0]);

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
