/** The registry's host name as Docker understands it: the part before the first slash if it looks like a host. */
export function registryOf(image: string): string {
  const first = image.split('/')[0] ?? '';
  const isHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? first : 'docker.io';
}

/** Whether a login for a server is one for a registry: Docker's own has several names. */
export function isServerOf(server: string, registry: string): boolean {
  return server === registry || (registry === 'docker.io' && /(^|\.)docker\.io$/.test(server));
}
