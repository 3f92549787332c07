/** Arms the owner's shared eventfds for points of one timeline. */
import { DeviceLostError, type ArmPhase, type Point } from '../devices/syncobj-device.ts';
import type { SyncContext } from './context.ts';
import { BudgetExceededError } from './errors.ts';
import type { ImportTable } from './import-table.ts';
import type { Registrations } from './registrations.ts';

/** What arming needs from the timeline and its owner. */
export interface ArmingHost {
  readonly ownerName: string;
  readonly timelineId: number;
  readonly imports: ImportTable;
  readonly registrations: Registrations;
  /** The owner's shared eventfd of this phase, made when first needed. SystemError: EMFILE. */
  eventfd(phase: ArmPhase): number;
  /** The kernel has taken a registration of that eventfd. */
  onArmed(phase: ArmPhase): void;
  /** Something is pending that wake-ups concern. */
  activate(): void;
  /** Something could not be done for want of room: try again later. */
  retryLater(): void;
  /** Nothing may be armed: ask how far it is every now and then. */
  pollLater(): void;
}

/**
 * Whether something was armed anew, so that one has to look once more: the fence may have come just before. BudgetExceededError
 * comes out; whatever else fails is recovered or tried again.
 */
export function armPoint(
  context: SyncContext,
  host: ArmingHost,
  point: Point,
  phase: ArmPhase,
): boolean {
  const at = host.imports.current;
  if (!at) return false;
  try {
    const result = host.registrations.ensure(at, point, phase, host.eventfd(phase));
    if (result === 'full') host.pollLater();
    if (result !== 'armed') return false;
  } catch (error) {
    if (error instanceof BudgetExceededError) throw error;
    if (error instanceof DeviceLostError) context.deviceLost(at.device);
    else host.retryLater();
    return false;
  }
  host.activate();
  host.onArmed(phase);
  const { tracer } = context;
  if (tracer.active) {
    const { ownerName: owner, timelineId } = host;
    tracer.emit({ type: 'arm', phase, device: at.device.id, owner, timelineId, point });
  }
  return true;
}
