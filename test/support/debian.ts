/** Programs of Debian's that tests run. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type PackagesAvailable =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

const INSTALLER = fileURLToPath(new URL('../../cli/packages.mjs', import.meta.url));
const INSTALL_TIMEOUT_MS = 600_000;

/**
 * Whether these packages are installed; as root on Debian they are installed now. Name them in debian-packages.txt too, so that CI has
 * them before the tests start. For the top of a test file:
 *
 *     const weston = debianPackages('weston');
 *     test.skipIf(!weston.ok)(`weston's clients run${weston.ok ? '' : ` (${weston.reason})`}`, …)
 */
export function debianPackages(...names: readonly string[]): PackagesAvailable {
  const result = spawnSync(process.execPath, [INSTALLER, ...names], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (result.status === 0) return { ok: true };
  const reason = result.error?.message ?? result.stderr.trim().split('\n').slice(-2).join('; ');
  return { ok: false, reason };
}
