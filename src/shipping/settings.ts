import * as z from 'zod';

const httpAddress = z
  .url({ protocol: /^https?$/, error: 'expected an address such as https://logs.example.com' })
  .refine(
    (url) => !/^https?:\/\/[^/]*@/.test(url),
    'a login does not belong into the address; use tokenFile',
  );

const syslogAddress = z
  .string()
  .regex(
    /^(tcp|udp|tls):\/\/(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/,
    'expected tcp://, udp:// or tls:// with a host and a port, such as tls://logs.example.com:6514',
  );

/** Settings of a location, or of all: where the lines of containers go. */
export const logTargetSchema = z
  .strictObject({
    loki: httpAddress.optional().meta({
      description: 'A Grafana Loki, such as `https://loki.example.com`; its push API without a path.',
    }),
    otlp: httpAddress.optional().meta({
      description:
        'Whoever takes OpenTelemetry’s logs as JSON over HTTP, such as `http://collector.example.com:4318`; `/v1/logs` without a path.',
    }),
    syslog: syslogAddress.optional().meta({
      description: 'A syslog server (RFC 5424): `tcp://host:port`, `udp://host:port` or `tls://host:port`.',
    }),
    tokenFile: z.string().optional().meta({
      description: 'A file with the token that Loki or OpenTelemetry asks for (Bearer); read anew each time.',
    }),
    caFile: z.string().optional().meta({
      description: 'Who signed the certificate of the other side, a PEM file, where that is private.',
    }),
    groups: z.enum(['asking', 'all']).default('asking').meta({
      description: 'Whose lines go there: groups with `diagnostics.logAnalytics` in their file, or all.',
    }),
  })
  .refine(
    ({ loki, otlp, syslog }) => [loki, otlp, syslog].filter((each) => each !== undefined).length === 1,
    'expected one of loki, otlp and syslog',
  )
  .refine(({ syslog, tokenFile }) => syslog === undefined || tokenFile === undefined, {
    path: ['tokenFile'],
    message: 'syslog knows no token; leave it out',
  });

/** Where the lines of groups go, as the settings say it. */
export type LogTargetSettings = z.infer<typeof logTargetSchema>;
