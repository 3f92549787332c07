/** Strategies with one mistake each, as a person could make it: what an exploration is there to find. */
import { failover } from '../../../sync/recovery/failover.ts';
import type { RecoveryStrategy } from '../../../sync/recovery.ts';

/** Gives a release up when its device goes: the client waits for its buffer for ever. */
export const givesUpReleases: RecoveryStrategy = {
  ...failover,
  name: 'gives-up-releases',
  description: 'failover, but a release whose device goes is forgotten',
  onReleaseLost: () => ({ type: 'give-up' }),
};

/** Takes a loss for a signal: shows what is not drawn yet. */
export const assumesSignalled: RecoveryStrategy = {
  ...failover,
  name: 'assumes-signalled',
  description: 'failover, but a wait whose device goes counts as signalled',
  onWaitLost: () => ({ type: 'assume-signalled' }),
};

/** Ends waits with their device although another one could go on with them. */
export const givesUpWaits: RecoveryStrategy = {
  ...failover,
  name: 'gives-up-waits',
  description: 'failover, but a wait whose device goes is lost',
  onWaitLost: () => ({ type: 'give-up' }),
};

/** Never moves: everything of the lost device stands still although another one is there. */
export const parksForever: RecoveryStrategy = {
  ...failover,
  name: 'parks-forever',
  description: 'failover, but nothing is ever moved to a survivor',
  onWaitLost: () => ({ type: 'park' }),
  onReleaseLost: () => ({ type: 'park' }),
};

/** Blames the client for a device that goes while its timeline is imported. */
export const blamesClients: RecoveryStrategy = {
  ...failover,
  name: 'blames-clients',
  description: 'failover, but an import that meets a device on its way out is the client’s fault',
  importFailureIsFatal: true,
};
