/** An engine’s words when a registry cannot show who it is, or the engine cannot show that of itself. */
export const UNTRUSTED =
  /x509|remote error: tls: (bad certificate|certificate required|unknown certificate)|HTTP response to HTTPS client/i;

/**
 * What TLS is answered that was given up: from a registry which its settings call insecure an engine asks a second time, in plain
 * HTTP, what it was given nothing for without a login. The first answer, which was the right one, is lost.
 */
export const ASKED_WITHOUT_TLS = /HTTP request (was sent )?to (an )?HTTPS (server|port)/i;

/** What to do about it, and where: on the host, at the registry, or in the file. Pure. */
export function howToTrust(registry: string, words: string): string {
  if (/HTTP response to HTTPS client/i.test(words))
    return `${registry} speaks no TLS. Whoever runs it gives it a certificate; or whoever runs the host lists it under insecure-registries in /etc/docker/daemon.json, where nobody else can listen in.`;
  if (/remote error: tls/i.test(words))
    return `${registry} asks for a certificate of the engine’s own: whoever runs the host puts it into ${folderOf(registry)} as client.cert and client.key. It is tried again by itself.`;
  if (/expired or is not yet valid/i.test(words))
    return `Whoever runs ${registry} renews its certificate; if it is valid, the clock of the host is wrong.`;
  if (OTHER_NAME.test(words))
    return `Write the registry in the image as its certificate names it, or have whoever runs ${registry} add that name to the certificate (subjectAltName).`;
  if (registry === 'docker.io')
    return 'Something between the host and docker.io shows a certificate of its own. Whoever runs the host adds its authority to those that the host trusts (`update-ca-certificates`) and restarts the engine.';
  return `Whoever runs the host puts the authority that signed the certificate into ${folderOf(registry)}/ca.crt there (PEM). The engine needs no restart; it is tried again by itself.`;
}

const OTHER_NAME =
  /certificate is (valid for|not valid for any names)|doesn't contain any IP SANs|legacy Common Name/i;

/** Where an engine looks for what concerns one registry, anew with each pull. */
function folderOf(registry: string): string {
  return `/etc/docker/certs.d/${registry}`;
}
