/** What dma-bufs show whose device went. */

/**
 * What becomes of the content of a buffer whose device went:
 * - `show`: it is read as long as it can be. Memory a driver keeps in RAM outlives it; pages that are taken away read as zeros.
 * - `blank`: it is not read any more and drawn black from its next painting on, for drivers that leave garbage behind.
 */
export type LostBufferPolicy = (typeof LOST_BUFFER_POLICIES)[number];

/** The default first. */
export const LOST_BUFFER_POLICIES = ['show', 'blank'] as const;
