/** Wire signatures, as `wayland-scanner private-code` writes them. */
import type { Argument, ArgumentType, Message } from './model.ts';

const LETTERS: Readonly<Record<ArgumentType, string>> = {
  int: 'i',
  uint: 'u',
  fixed: 'f',
  string: 's',
  object: 'o',
  new_id: 'n',
  array: 'a',
  fd: 'h',
};

/** Since digits, then a letter an argument: see wire/interface-description.ts. */
export function signature({ since, args }: Message): string {
  return (since > 1 ? String(since) : '') + args.map(letters).join('');
}

/** The interfaces of the letters of {@link signature}. */
export function signatureTypes({ args }: Message): readonly (string | null)[] {
  return args.flatMap((arg) => (untyped(arg) ? [null, null, null] : [arg.interface ?? null]));
}

/** A new_id that may be of any interface (wl_registry.bind) is sent as interface name, version and id. */
export function untyped({ type, interface: iface }: Argument): boolean {
  return type === 'new_id' && iface === undefined;
}

function letters(arg: Argument): string {
  if (untyped(arg)) return 'sun';
  return (arg.allowNull ? '?' : '') + LETTERS[arg.type];
}
