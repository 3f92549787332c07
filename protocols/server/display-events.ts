/** Events of wl_display and wl_callback that are sent by the thousand, written without the generated functions. */
import { HEADER_BYTES } from '../wire/limits.ts';
import type { Writer } from '../wire/writer.ts';

/** The wl_display of every client. */
export const DISPLAY_ID = 1;
const DELETE_ID_OPCODE = 1;
/** The second words of wl_callback.done and wl_display.delete_id. */
const DONE_HEADER = (HEADER_BYTES + 4) << 16;
const DELETE_ID_HEADER = ((HEADER_BYTES + 4) << 16) | DELETE_ID_OPCODE;

/** wl_display.delete_id. */
export function sendDeleteId(writer: Writer, id: number): void {
  if (writer.trace !== null) {
    const at = writer.begin(DISPLAY_ID, DELETE_ID_OPCODE, HEADER_BYTES + 4);
    writer.words[at] = id;
    return;
  }
  const at = writer.reserve(3);
  const { words } = writer;
  words[at] = DISPLAY_ID;
  words[at + 1] = DELETE_ID_HEADER;
  words[at + 2] = id;
}

/** wl_callback.done and the delete_id of the callback. Not for a connection that is traced. */
export function sendDone(writer: Writer, id: number, serial: number): void {
  const at = writer.reserve(6);
  const { words } = writer;
  words[at] = id;
  words[at + 1] = DONE_HEADER;
  words[at + 2] = serial;
  words[at + 3] = DISPLAY_ID;
  words[at + 4] = DELETE_ID_HEADER;
  words[at + 5] = id;
}
