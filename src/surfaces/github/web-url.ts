/**
 * Where people go in a browser: `https://api.github.com` -> `https://github.com`, `https://api.acme.ghe.com` ->
 * `https://acme.ghe.com`, `https://ghe.example.com/api/v3` -> `https://ghe.example.com`. Pure.
 */
export function webUrlOf(apiUrl: string): string {
  const { origin, pathname } = new URL(apiUrl);
  return pathname === '/' ? origin.replace('://api.', '://') : origin;
}
