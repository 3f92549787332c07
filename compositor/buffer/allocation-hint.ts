/** Where clients had best allocate their dma-bufs, as somebody else sees it. */
export interface AllocationHint {
  /** dev_t; undefined: it is not known, our own devices are as good. */
  readonly device: bigint | undefined;
  /** Told of another device. Returns the remover. */
  onChanged(listener: () => void): () => void;
}
