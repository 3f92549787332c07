/** The typed model of a protocol XML file, as `parse.ts` reads it and the emitters use it (wayland.dtd). */

/** A place in an XML file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The eight argument types of wayland.dtd. */
export type ArgumentType =
  | 'int'
  | 'uint'
  | 'fixed'
  | 'string'
  | 'object'
  | 'new_id'
  | 'array'
  | 'fd';

export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  /** The interface of an `object` or `new_id`; undefined when any is allowed. */
  readonly interface: string | undefined;
  /** The `enum=` reference as written: `name`, or `interface.name` for one of another interface. */
  readonly enum: string | undefined;
  readonly allowNull: boolean;
  readonly position: Position;
}

/** A request or an event. */
export interface Message {
  readonly kind: 'request' | 'event';
  readonly name: string;
  readonly opcode: number;
  /** First interface version that has it; 1 when the XML does not say. */
  readonly since: number;
  readonly deprecatedSince: number | undefined;
  /** `type="destructor"`: the object is gone after it. */
  readonly destructor: boolean;
  readonly args: readonly Argument[];
  readonly position: Position;
}

export interface Entry {
  readonly name: string;
  /** -2^31 to 2^32 - 1. */
  readonly value: number;
  readonly since: number;
  readonly deprecatedSince: number | undefined;
  /** Written as 0x… in the XML; the emitter keeps the base. */
  readonly hexadecimal: boolean;
  readonly position: Position;
}

export interface Enum {
  readonly name: string;
  readonly since: number;
  readonly bitfield: boolean;
  readonly entries: readonly Entry[];
  readonly position: Position;
}

export interface Interface {
  readonly name: string;
  readonly version: number;
  /** `frozen="true"`: its version will never grow. */
  readonly frozen: boolean;
  readonly requests: readonly Message[];
  readonly events: readonly Message[];
  readonly enums: readonly Enum[];
  readonly position: Position;
}

export interface Protocol {
  readonly name: string;
  readonly interfaces: readonly Interface[];
  readonly position: Position;
}
