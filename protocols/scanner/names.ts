/** XML names → TypeScript names. Generated names keep the full XML name: `wp_linux_drm_syncobj_surface_v1` → `WpLinuxDrmSyncobjSurfaceV1`. */

/** Words that cannot name a variable in a strict-mode module. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof var void while with yield undefined'
  ).split(' '),
);

/** `wl_surface` → `WlSurface`. */
export function pascalCase(name: string): string {
  return words(name)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** `set_acquire_point` → `setAcquirePoint`. Interface members may be reserved words, so nothing is escaped. */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** `linux_drm_syncobj_v1` → `linux-drm-syncobj-v1`: the base name of a protocol's files. */
export function kebabCase(name: string): string {
  return words(name).join('-').toLowerCase();
}

/** A parameter's name: camelCase, with `_` appended to reserved words and to the names in `taken`. */
export function parameterName(name: string, taken: readonly string[] = []): string {
  const camel = camelCase(name);
  const safe = /^\d/.test(camel) ? `_${camel}` : camel;
  return RESERVED.has(safe) || taken.includes(safe) ? `${safe}_` : safe;
}

/** An object key: quoted when it is no identifier (`90` of wl_output.transform). */
export function objectKey(name: string): string {
  const camel = camelCase(name);
  return /^\d/.test(camel) ? `'${camel}'` : camel;
}

/** The name of an enum's const object and type: `wl_surface`, `error` → `WlSurfaceError`. */
export function enumName(interfaceName: string, name: string): string {
  return pascalCase(interfaceName) + pascalCase(name);
}

/** The name of an interface's description: `wl_surface` → `wlSurfaceInterface`. */
export function descriptionName(interfaceName: string): string {
  return `${camelCase(interfaceName)}Interface`;
}

/** Two digits that meet keep a `_` between them, else `v_1_2` and `v_12` would be one name. */
function words(name: string): string[] {
  return name
    .replaceAll(/(?<=\d)_(?=\d)/g, '$')
    .split('_')
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('$', '_'));
}
