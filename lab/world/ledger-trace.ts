/** Writes the compositor's trace into the ledger: which of a client's commits each content update is. */
import type { CommitTrace, CommitTraceEvent } from '../../compositor/trace.ts';
import type { CommitRecord, Ledger } from '../ledger.ts';

/**
 * The nth commit traced for a surface is the nth wl_surface.commit its client made: requests of a client arrive in order. A
 * reused object id starts anew when its surface's updates were all discarded.
 */
export function traceIntoLedger(ledger: Ledger, also?: CommitTrace): CommitTrace {
  const serials = new Map<string, number>();
  const records = new Map<number, CommitRecord>();
  return (event: CommitTraceEvent): void => {
    also?.(event);
    if (event.type === 'commit') {
      const key = `${event.client}/${event.surface}`;
      const serial = (serials.get(key) ?? 0) + 1;
      serials.set(key, serial);
      const record = ledger.find(event.client, event.surface, serial);
      if (!record) return;
      record.receivedAtNs = event.timeNs;
      records.set(event.update, record);
      return;
    }
    const record = records.get(event.update);
    if (!record) return;
    switch (event.type) {
      case 'applied':
        if (event.shown) ledger.latched(record, event.timeNs);
        else record.droppedAtNs ??= event.timeNs;
        break;
      case 'presented':
        // An update whose content was dropped puts nothing new on the screen.
        if (record.latchedAtNs !== undefined) record.presentedAtNs ??= event.timeNs;
        break;
      case 'discarded':
        record.droppedAtNs ??= event.timeNs;
        break;
      case 'signalled':
      case 'latched':
      case 'released':
        break;
    }
  };
}
