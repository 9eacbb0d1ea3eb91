/**
 * A program that answers every datagram at port 7001 with what it says. Busybox, as Debian has it, hears no datagrams; these
 * few system calls do, as an assembler translates them, so that the images need neither a compiler nor a registry.
 */

/** ELF's words for processors. */
const [X86_64, AARCH64] = [0x3e, 0xb7];

/** AF_INET, port 7001, every address. */
const PLACE = '0200 1b59 00000000 0000000000000000';

/** By processor; the images are made anew when it changes. */
export const UDP_ECHO: Readonly<Record<number, readonly string[]>> = {
  [X86_64]: [
    '6a29 58 6a02 5f 6a02 5e 31d2 0f05', // socket(AF_INET, SOCK_DGRAM, 0)
    '89c3 89df 488d3555000000 6a10 5a 6a31 58 0f05', // bind(it, PLACE, 16)
    '4881ec40000100', // room for a datagram and its sender
    'c7042410000000 89df 488d742440 baffff0000 4531d2 4c8d442410 4989e1 b82d000000 0f05', // recvfrom(it, ...)
    '85c0 7811', // below zero: to the exit
    '89df 89c2 448b0c24 b82c000000 0f05 ebc6', // sendto(it, ...), and again
    'bf01000000 b8e7000000 0f05', // exit_group(1)
    PLACE,
  ],
  [AARCH64]: [
    '400080d2 410080d2 020080d2 c81880d2 010000d4', // socket(AF_INET, SOCK_DGRAM, 0)
    'f30300aa a1030010 020280d2 081980d2 010000d4', // bind(it, PLACE, 16)
    'ff4340d1 ff0301d1', // room for a datagram and its sender
    '09028052 e90300b9 e00313aa e1030191 e2ff9f52 030080d2 e4430091 e5030091 e81980d2 010000d4', // recvfrom(it, ...)
    '4001f8b7', // below zero: to the exit
    'e20300aa e00313aa e1030191 030080d2 e4430091 e50340b9 c81980d2 010000d4 edffff17', // sendto(it, ...), and again
    '200080d2 c80b80d2 010000d4', // exit_group(1)
    PLACE,
  ],
};

const LOADED_AT = 0x400000n;
const [FILE_HEADER_BYTES, PROGRAM_HEADER_BYTES] = [64, 56];
const CODE_AT = FILE_HEADER_BYTES + PROGRAM_HEADER_BYTES;

/** The program for the processor that another program, an ELF file, is made for; throws for one that is neither x86-64 nor arm64. */
export function udpEcho(other: Buffer): Buffer {
  const machine = other.readUInt16LE(18);
  const lines = UDP_ECHO[machine];
  if (!lines) throw new Error(`no echo is written for the processor that ELF calls ${machine}`);
  const code = Buffer.from(lines.join('').replaceAll(' ', ''), 'hex');
  return Buffer.concat([fileHeader(machine), programHeader(CODE_AT + code.length), code]);
}

/** 64 bits, little endian, an executable file with one program header. */
function fileHeader(machine: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.write('7f454c46020101', 'hex');
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(LOADED_AT + BigInt(CODE_AT), 24); // where it begins
  header.writeBigUInt64LE(BigInt(FILE_HEADER_BYTES), 32);
  header.writeUInt16LE(FILE_HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(1, 56);
  return header;
}

/** All of the file, to be read and run. */
function programHeader(fileBytes: number): Buffer {
  const header = Buffer.alloc(PROGRAM_HEADER_BYTES);
  header.writeUInt32LE(1, 0); // PT_LOAD
  header.writeUInt32LE(5, 4); // PF_R | PF_X
  for (const at of [16, 24]) header.writeBigUInt64LE(LOADED_AT, at);
  for (const at of [32, 40]) header.writeBigUInt64LE(BigInt(fileBytes), at);
  header.writeBigUInt64LE(0x10000n, 48); // pages of every size that there is
  return header;
}
