/** What a control operation is. */
import type { Fields } from './fields.ts';

/** Does one operation; what it returns is merged into the answer. Throws with a message for the asker. */
export type Operation = (fields: Fields) => object | void;
