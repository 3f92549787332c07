/** zwp_pointer_constraints_v1 1 (pointer-constraints-unstable-v1.xml): pointers that stay where they are, or on a surface. */
import {
  ZwpConfinedPointerV1,
  ZwpLockedPointerV1,
  ZwpPointerConstraintsV1,
} from '../../protocols/generated/pointer-constraints-unstable-v1.server.ts';
import type { ZwpPointerConstraintsV1Resource } from '../../protocols/generated/pointer-constraints-unstable-v1.server.ts';
import type {
  WlRegionResource,
  WlSurfaceResource,
} from '../../protocols/generated/wayland.server.ts';
import {
  ZwpPointerConstraintsV1Error,
  ZwpPointerConstraintsV1Lifetime,
} from '../../protocols/generated/pointer-constraints-unstable-v1.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Resource } from '../../protocols/server/resource.ts';
import { type ConstraintListener, PointerConstraint } from '../seat/pointer-constraint.ts';
import type { Seat } from '../seat/seat.ts';
import type { KeptRegion } from '../surface/kept-region.ts';
import { Surface } from '../surface/surface.ts';
import { keepRegion } from './compositor.ts';

const VERSION = 1;

export function createPointerConstraintsGlobal(display: Display, seat: Seat): void {
  const constraints = new Map<Surface, PointerConstraint>();
  const updateAll = (): void => {
    for (const constraint of constraints.values()) constraint.update();
  };
  seat.pointer.onFocus(updateAll);
  seat.keyboard.onFocus(updateAll);
  seat.pointer.onMoved(updateAll);

  const constrain = (
    manager: ZwpPointerConstraintsV1Resource,
    resource: Resource,
    kind: 'lock' | 'confine',
    surfaceResource: WlSurfaceResource,
    region: WlRegionResource | null,
    lifetime: number,
    listener: ConstraintListener,
  ): { constraint: PointerConstraint; setRegion(region: WlRegionResource | null): void } => {
    const surface = Surface.of(surfaceResource);
    if (constraints.has(surface)) {
      throw new ProtocolError(
        manager,
        ZwpPointerConstraintsV1Error.alreadyConstrained,
        `wl_surface@${surface.id} has a pointer constraint already`,
      );
    }
    let current = region && keepRegion(region);
    const constraint = new PointerConstraint({
      seat,
      surface,
      kind,
      persistent: lifetime === ZwpPointerConstraintsV1Lifetime.persistent,
      region: current && current.region,
      listener,
    });
    constraints.set(surface, constraint);
    let pending: KeptRegion | null | undefined;
    const unlisten = surface.onApplied(() => {
      if (pending !== undefined) {
        current?.drop();
        current = pending;
        pending = undefined;
        constraint.setRegion(current && current.region);
      }
      constraint.update();
    });
    resource.addDestroyListener(() => {
      unlisten();
      current?.drop();
      pending?.drop();
      constraints.delete(surface);
      constraint.dispose();
    });
    surface.onDestroyed(() => constraint.deactivate());
    return {
      constraint,
      setRegion: (next) => {
        pending?.drop();
        pending = next && keepRegion(next);
      },
    };
  };

  display.createGlobal(ZwpPointerConstraintsV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      lockPointer: (_, lock, surface, __, region, lifetime) => {
        const { constraint, setRegion } = constrain(
          manager,
          lock,
          'lock',
          surface,
          region,
          lifetime,
          {
            activated: () => ZwpLockedPointerV1.sendLocked(lock),
            deactivated: () => ZwpLockedPointerV1.sendUnlocked(lock),
          },
        );
        lock.handler = {
          destroy: () => undefined,
          setCursorPositionHint: (_lock, x, y) => constraint.setHint(x, y),
          setRegion: (_lock, next) => setRegion(next),
        };
        constraint.update();
      },
      confinePointer: (_, confined, surface, __, region, lifetime) => {
        const { constraint, setRegion } = constrain(
          manager,
          confined,
          'confine',
          surface,
          region,
          lifetime,
          {
            activated: () => ZwpConfinedPointerV1.sendConfined(confined),
            deactivated: () => ZwpConfinedPointerV1.sendUnconfined(confined),
          },
        );
        confined.handler = {
          destroy: () => undefined,
          setRegion: (_confined, next) => setRegion(next),
        };
        constraint.update();
      },
    };
  });
}
