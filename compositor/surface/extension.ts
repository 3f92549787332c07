/** Protocol objects of which a surface has at most one. */
import type { Resource } from '../../protocols/server/resource.ts';
import type { Surface } from './surface.ts';

/** Makes `resource` the surface's one object of its interface until it is destroyed. False: there is one already. */
export function extendSurface<R>(surface: Surface, resource: Resource<R>): boolean {
  const { name } = resource.description;
  if (surface.extensions.has(name)) return false;
  surface.extensions.add(name);
  resource.addDestroyListener(() => surface.extensions.delete(name));
  return true;
}
