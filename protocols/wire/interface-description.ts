/** What an interface looks like on the wire: data for tracing, validation and the oracle, made by the scanner. */

/** One request or event. */
export interface MessageDescription {
  readonly name: string;
  /**
   * As `wayland-scanner private-code` writes it: leading digits are the version the message came with (none: 1), then one
   * letter an argument, `?` before one that may be null: i int, u uint, f fixed, s string, o object, n new_id, a array, h fd.
   * A new_id without an interface is three arguments, `sun`.
   */
  readonly signature: string;
  /** One entry a letter of the signature: the interface of an object or typed new_id, else null. */
  readonly types: readonly (string | null)[];
  /** Whether the object is gone after it: `type="destructor"`. */
  readonly destructor?: boolean;
}

/** One interface of a protocol file. Requests and events are indexed by opcode. */
export interface InterfaceDescription {
  readonly name: string;
  /** The newest version the protocol file describes. */
  readonly version: number;
  readonly requests: readonly MessageDescription[];
  readonly events: readonly MessageDescription[];
}

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** The interface version a message came with: 1 when the signature has no digits. */
export function sinceOf(message: MessageDescription): number {
  let since = 0;
  for (let index = 0; index < message.signature.length; index++) {
    const code = message.signature.charCodeAt(index);
    if (code < DIGIT_0 || code > DIGIT_9) break;
    since = since * 10 + (code - DIGIT_0);
  }
  return since === 0 ? 1 : since;
}

/** The argument letters of a signature, without digits and question marks. */
export function argumentLetters(signature: string): string {
  return signature.replace(/[0-9?]/g, '');
}
