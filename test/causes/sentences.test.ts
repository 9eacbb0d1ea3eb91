/** What engines and registries say, in their own words from 20.10 on, and what the bot takes it for. */
import { describe, expect, test } from '@jest/globals';
import { blame, causeOf } from '../../src/engines/docker/causes.ts';
import { isForeign } from '../../src/engines/docker/images.ts';
import { pullFailure } from '../../src/engines/docker/pull-causes.ts';
import { Failure } from '../../src/failure.ts';

const said = (message: string, statusCode = 500) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), {
    statusCode,
    json: { message },
  });

describe('a sentence of the engine', () => {
  test.each([
    // Cannot be brought about safely: a full disk, another version's words, a kernel without something.
    ['write /var/lib/docker/tmp/GetImageBlob1: no space left on device', 'disk-full'],
    [
      'failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device',
      'disk-full',
    ],
    ['Minimum memory limit allowed is 6MB', 'memory-too-small'],
    ['unknown or invalid runtime name: kata', 'runtime-missing'],
    ['Unknown runtime specified kata', 'runtime-missing'],
    ['exec format error', 'wrong-architecture'],
    [
      'image with reference x was found but does not match the specified platform: wanted linux/arm64',
      'wrong-architecture',
    ],
    [
      "error while mounting volume '/x': failed to mount local volume: mount tmpfs:/x: no such device",
      'volume-failed',
    ],
    [
      'OCI runtime create failed: error mounting "/a" to rootfs at "/etc/passwd": not a directory: unknown',
      'volume-failed',
    ],
    ['invalid pool request: Pool overlaps with other one on this address space', 'network-overlap'],
    ['cannot create network x: conflicts with network y: networks have overlapping IPv4', 'network-overlap'],
    [
      'container 5c0f encountered an error during hcs::System::CreateProcess: web.exe: failure in a Windows system call: The system cannot find the file specified. (0x2)',
      'command-not-found',
    ],
    [
      'failed to create endpoint web on network nat: hnsCall failed in Win32: The process cannot access the file because it is being used by another process. (0x20)',
      'port-taken',
    ],
    [
      'hcs::CreateComputeSystem 5c0f: The virtual machine could not be started because a required feature is not installed.',
      'isolation-missing',
    ],
    ['something that nobody has heard of', 'engine-refused'],
  ])('%s', (message, code) => {
    expect(causeOf(said(message), 'the sandbox').code).toBe(code);
  });

  test('is told without what dockerode writes before it, also when the answer was to be a stream', () => {
    const unread = Object.assign(new Error('(HTTP code 500) server error - Get "http://r/v2/": EOF '), {
      statusCode: 500,
    });
    expect(causeOf(unread, 'it').message).toBe('The engine refused it: Get "http://r/v2/": EOF');
  });

  test('tells which program, however the engine writes it', () => {
    for (const [message, command] of [
      ['runc: exec: "/app:1": stat /app:1: no such file or directory: unknown', '/app:1'],
      [
        'hcs::System::CreateProcess: C:\\web.exe: failure in a Windows system call: The system cannot find the file specified. (0x2)',
        'C:\\web.exe',
      ],
    ] as const)
      expect(causeOf(said(message), 'it').message).toBe(
        `The command does not exist in the image: ${command}.`,
      );
  });

  test.each([
    [
      'driver failed programming external connectivity: Bind for 127.0.0.1:8080 failed: port is already allocated',
      '127.0.0.1',
    ],
    ['Bind for :::8080 failed: port is already allocated', '::'],
    ['Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use', '0.0.0.0'],
    ['Error starting userland proxy: listen tcp6 [::]:8080: bind: address already in use', '::'],
    ['failed to bind host port for 127.0.0.1:8080:198.19.72.2:80/tcp: address already in use', '127.0.0.1'],
    ['failed to bind host port for [fd00::9]:8080:[fd00::2]:80/udp: address already in use', 'fd00::9'],
    ['failed to bind host port 0.0.0.0:8080/tcp: address already in use', '0.0.0.0'],
  ])('tells which port and address, however the engine writes it: %s', (message, address) => {
    const failure = causeOf(said(message), 'it');
    expect(failure).toMatchObject({ code: 'port-taken', about: { port: 8080, address } });
    expect(failure.message).toMatch(/^The port is taken on the host: [\d.:[\]a-f]+:8080\.$/);
  });

  test('of one container says whose it is; what is a failure already keeps its words', () => {
    const failure = blame(said('exec: "x": executable file not found in $PATH: unknown', 400), 'it', {
      container: 'web',
    });
    expect(failure).toMatchObject({ code: 'command-not-found', about: { container: 'web' } });
    const own = new Failure('volume-missing', 'Gone.', { about: { volume: 'a' } });
    expect(blame(own, 'it', { container: 'web' })).toMatchObject({
      code: 'volume-missing',
      message: 'Gone.',
      about: { container: 'web', volume: 'a' },
    });
  });
});

describe('a sentence of a registry', () => {
  test.each([
    ['no matching manifest for linux/amd64 in the manifest list entries', 'wrong-architecture'],
    [
      'no matching manifest for windows/amd64 10.0.17763 in the manifest list entries',
      'OsVersionNotSupported',
    ],
    [
      'a Windows version 10.0.26100-based image is incompatible with a 10.0.20348 host',
      'OsVersionNotSupported',
    ],
    [
      'image operating system "linux" cannot be used on this platform: operating system is not supported',
      'ImageOsTypeNotMatchContainerGroup',
    ],
    ['toomanyrequests: You have reached your pull rate limit.', 'registry-throttled'],
    ['unauthorized: incorrect username or password', 'registry-refused'],
    ['Get "https://ghcr.io/v2/": denied: denied', 'registry-refused'],
    [
      "pull access denied for a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'image-not-found',
    ],
    ['manifest for a:2 not found: manifest unknown: manifest unknown', 'image-not-found'],
    ['Get "https://r.example/v2/": dial tcp: lookup r.example: no such host', 'registry-unreachable'],
    [
      'Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      'registry-untrusted',
    ],
    [
      'error parsing HTTP 400 response body: invalid character \'<\' looking for beginning of value: "<html>\\r\\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>"',
      'registry-refused',
    ],
    ['Get "https://r.example/v2/": net/http: TLS handshake timeout', 'registry-unreachable'],
    ['Get "https://r.example/v2/": remote error: tls: unrecognized name', 'registry-unreachable'],
    ['Get "https://r.example/v2/": remote error: tls: certificate required', 'registry-untrusted'],
    [
      'Get "https://r.example/v2/": net/http: request canceled while waiting for connection',
      'registry-unreachable',
    ],
    ['write /var/lib/docker/tmp/GetImageBlob1: no space left on device', 'disk-full'],
    ['unexpected EOF', 'image-not-pulled'],
  ])('%s', (message, code) => {
    const failure = pullFailure(said(message), 'acme/web:2');
    expect(failure.code).toBe(code);
    expect(failure.about.image).toBe('acme/web:2');
  });

  test('that is a whole page is cut', () => {
    const page = `error parsing HTTP 404 response body: invalid character: "<html>${'not found '.repeat(5_000)}"`;
    expect(pullFailure(said(page), 'acme/web:2').message.length).toBeLessThan(600);
  });

  test.each([
    ['acme/web:2', 'certificate signed by unknown authority', /update-ca-certificates.*restarts the engine/],
    ['r.example:5000/web:2', 'certificate signed by unknown authority', /certs\.d\/r\.example:5000\/ca\.crt/],
    ['r.example/web:2', 'certificate is valid for q.example, not r.example', /subjectAltName/],
    ['r.example/web:2', 'certificate relies on legacy Common Name field, use SANs instead', /subjectAltName/],
    ['r.example/web:2', 'certificate has expired or is not yet valid: current time is late', /renews.*clock/],
  ])('about the certificate of %s (%s) says where it is to be mended', (image, words, advice) => {
    const failure = pullFailure(said(`Get "https://r.example/v2/": x509: ${words}`), image);
    expect(failure).toMatchObject({ code: 'registry-untrusted', advice: expect.stringMatching(advice) });
  });

  test('about a login says whether the file has one', () => {
    const refused = said('unauthorized: authentication required');
    expect(pullFailure(refused, 'r.example/web:2').advice).toContain(
      'add one under imageRegistryCredentials',
    );
    expect(pullFailure(refused, 'r.example/web:2', 'r.example')).toMatchObject({
      advice: expect.stringContaining('Check the entry for r.example'),
      about: { image: 'r.example/web:2', registry: 'r.example' },
    });
  });
});

test.each([
  ['amd64', 'x86_64', false],
  ['386', 'x86_64', false],
  ['arm64', 'x86_64', true],
  ['arm64', 'aarch64', false],
  ['amd64', 'aarch64', true],
  ['', 'x86_64', false],
  ['riscv64', 'riscv64', false],
])('an image for %s on a host of %s: foreign is %s', (image, host, foreign) => {
  expect(isForeign(image, host)).toBe(foreign);
});
