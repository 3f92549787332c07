/** Why a VM run gave no exit status of the command. */

/** This machine cannot run the VM: no QEMU, no kernel to be had. `syncline kernel` exits 3. */
export class VmUnavailableError extends Error {
  override readonly name = 'VmUnavailableError';
  readonly code = 'SYNCLINE_VM_UNAVAILABLE';
  /** What the user can run to change that, or '' when nothing helps. */
  readonly command: string;

  constructor(reason: string, command = '') {
    super(command === '' ? reason : `${reason}; run: ${command}`);
    this.command = command;
  }
}

/** The VM started but ended before the command did: a guest panic, a timeout, a QEMU error. `syncline kernel` exits 125. */
export class VmFailedError extends Error {
  override readonly name = 'VmFailedError';
  readonly code = 'SYNCLINE_VM_FAILED';
  /** The end of the guest's console and of QEMU's own messages. */
  readonly consoleTail: string;

  constructor(reason: string, consoleTail: string) {
    super(reason);
    this.consoleTail = consoleTail;
  }
}
