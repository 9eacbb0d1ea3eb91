import type { LogLine } from '../engines/index.ts';

// Pure: what is sent, in the words of each kind of target.

/** Lines of one group, oldest first within a container. Secrets are masked in them. */
export interface Batch {
  /** What is the same for all of its lines, such as `group` and `environment`: a handful of short words. */
  readonly labels: Readonly<Record<string, string>>;
  readonly lines: readonly LogLine[];
}

/** What tells one line's source from another's in the same group. */
export function sourceOf({ container, stream, revision = 0 }: LogLine): Record<string, string> {
  return { container, stream, revision: String(revision) };
}

/** Nanoseconds since the epoch, as text: a number has no room for them. */
export function nanosecondsOf(timestamp: string): string {
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? '';
  const seconds = Math.floor(Date.parse(timestamp) / 1000);
  return `${Number.isFinite(seconds) ? seconds : 0}${fraction.slice(0, 9).padEnd(9, '0')}`;
}

/** The body of a push to Loki: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs */
export function lokiBody({ labels, lines }: Batch): string {
  const streams = Map.groupBy(lines, (line) => JSON.stringify(sourceOf(line)));
  return JSON.stringify({
    streams: [...streams].map(([source, from]) => ({
      stream: { ...labels, ...JSON.parse(source) },
      values: from.map(({ timestamp, text }) => [nanosecondsOf(timestamp), text]),
    })),
  });
}

/** What OpenTelemetry calls what the bot has other names for; the rest goes with `katabot.` before it. */
const CONVENTIONS: Readonly<Record<string, string>> = {
  group: 'service.name',
  environment: 'deployment.environment.name',
  container: 'container.name',
  stream: 'log.iostream',
};
/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const SEVERITIES = { stdout: { number: 9, text: 'INFO' }, stderr: { number: 17, text: 'ERROR' } } as const;

/** The body of an OTLP export of logs: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export function otlpBody({ labels, lines }: Batch): string {
  const logRecords = lines.map((line) => ({
    timeUnixNano: nanosecondsOf(line.timestamp),
    severityNumber: SEVERITIES[line.stream].number,
    severityText: SEVERITIES[line.stream].text,
    body: { stringValue: line.text },
    attributes: attributesOf(sourceOf(line)),
  }));
  return JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: attributesOf(labels) },
        scopeLogs: [{ scope: { name: 'katabot' }, logRecords }],
      },
    ],
  });
}

function attributesOf(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels).map(([name, stringValue]) => ({
    key: CONVENTIONS[name] ?? `katabot.${name}`,
    value: { stringValue },
  }));
}

/** Facility `user`, with what a program says at `info` and what it complains of at `err`. */
const PRIORITIES = { stdout: 14, stderr: 11 } as const;
/** 32473 is the number that RFC 5612 sets aside for those who have none of their own. */
const STRUCTURE = 'katabot@32473';

/** Each line as a message of RFC 5424. */
export function syslogMessages({ labels, lines }: Batch): Buffer[] {
  const { group = '-', location = '-' } = labels;
  return lines.map((line) => {
    const said = Object.entries({ ...labels, ...sourceOf(line) }).map(
      ([name, value]) => `${name.slice(0, 32)}="${value.replace(/["\\\]]/g, '\\$&')}"`,
    );
    const time = line.timestamp.replace(/(\.\d{6})\d+/, '$1') || '-';
    const names = [location.slice(0, 255), group.slice(0, 48), line.container.slice(0, 128)].join(' ');
    return Buffer.from(
      `<${PRIORITIES[line.stream]}>1 ${time} ${names} - [${STRUCTURE} ${said.join(' ')}] ${line.text}`,
    );
  });
}

/** How a stream tells messages apart, whatever is in them: RFC 6587, counted in bytes. */
export function framed(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
}
