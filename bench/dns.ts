/** Ten thousand records: questions a second that the bot answers, beside Knot with the same zone on the same machine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { needPrograms, output } from '../test/world/name-servers.ts';
import { startUpdateServer } from '../test/world/update-servers.ts';
import { addressOf, BENCH_HOST, nameOf, RECORDS, ZONE } from './dns-zone.ts';
import { type Figure, median } from './figure.ts';

const ROUNDS = 5;
const SECONDS = 3;

export async function benchDns(): Promise<readonly Figure[]> {
  needPrograms('dnsperf');
  const folder = await mkdtemp(join(tmpdir(), 'katabot-bench-dns-'));
  const questions = join(folder, 'questions');
  const all = Array.from({ length: RECORDS }, (_, index) => index);
  await writeFile(questions, all.map((index) => `${nameOf(index)} A\n`).join(''));
  const records = all.map((index) => `${nameOf(index)}. 60 A ${addressOf(index)}\n`).join('');
  const knot = await startUpdateServer('Knot', '127.43.0.1', ZONE, records);
  // In a thread of its own, as in a process of its own: what asks must not share it.
  const server = new Worker(new URL('./dns-serve.ts', import.meta.url));
  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('message', resolve).once('error', reject);
    });
    const own: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      own.push(await perSecond(BENCH_HOST, port, questions));
      theirs.push(await perSecond(knot.host, knot.port, questions));
    }
    return [
      {
        bench: 'dns',
        figure: `${RECORDS} records, by datagram`,
        value: median(own),
        unit: 'queries/s',
        against: 'Knot',
        ratio: median(own) / median(theirs),
      },
    ];
  } finally {
    await server.terminate();
    await knot.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function perSecond(host: string, port: number, questions: string): Promise<number> {
  const words = [
    '-s',
    host,
    '-p',
    String(port),
    '-d',
    questions,
    '-l',
    String(SECONDS),
    '-c',
    '4',
    '-q',
    '100',
  ];
  const said = await output('dnsperf', words);
  const completed = /Queries completed:\s+(\d+) \((\d+\.\d+)%\)/.exec(said);
  const value = Number(/Queries per second:\s+([\d.]+)/.exec(said)?.[1]);
  if (!completed || Number(completed[2]) < 99 || !/NOERROR \d+ \(100\.00%\)/.test(said))
    throw new Error(`not every question was answered:\n${said}`);
  return value;
}
