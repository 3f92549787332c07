/** Reads the fields of a control request; a missing or wrong one is an error that names it. */

export type Fields = Readonly<Record<string, unknown>>;

function wrong(name: string, wanted: string): Error {
  return new Error(`"${name}" must be ${wanted}`);
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(name, 'a number');
  return value;
}

/** One function a type; `optional…` give undefined for what is missing. */
export const field = {
  number(fields: Fields, name: string): number {
    return number(fields, name);
  },

  whole(fields: Fields, name: string): number {
    const value = number(fields, name);
    if (!Number.isInteger(value) || value < 0) throw wrong(name, 'a whole number');
    return value;
  },

  text(fields: Fields, name: string): string {
    const value = fields[name];
    if (typeof value !== 'string') throw wrong(name, 'a string');
    return value;
  },

  flag(fields: Fields, name: string): boolean {
    const value = fields[name];
    if (typeof value !== 'boolean') throw wrong(name, 'true or false');
    return value;
  },

  optionalNumber(fields: Fields, name: string): number | undefined {
    return fields[name] === undefined ? undefined : number(fields, name);
  },

  optionalText(fields: Fields, name: string): string | undefined {
    return fields[name] === undefined ? undefined : field.text(fields, name);
  },
} as const;
