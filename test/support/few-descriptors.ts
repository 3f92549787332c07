/** What becomes of things when the process has hardly a descriptor left. */
import { native } from '../../native/binding.ts';

/** More than there are gaps among the open ones. */
const FILLERS = 64;

/** Runs `act` with so few descriptors left for the process. */
export function withDescriptors(left: number, act: () => void): void {
  const { soft } = native.getNofileLimit();
  const fillers = Array.from({ length: FILLERS }, () => native.dup(0));
  native.setNofileLimit(Math.max(...fillers) + 1);
  for (const fd of fillers.splice(0, left)) native.close(fd);
  try {
    act();
  } finally {
    native.setNofileLimit(soft);
    for (const fd of fillers) native.close(fd);
  }
}
