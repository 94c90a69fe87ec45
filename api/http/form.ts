import { HttpProblem } from './problem.ts';

/** A file of a form. */
export interface UploadedFile {
  /** Name of the field. */
  readonly field: string;
  /** Name that the client has for it; a text like any other, and no path. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Form {
  /** Texts by the names of their fields; of several the last. */
  readonly fields: Readonly<Record<string, string>>;
  readonly files: readonly UploadedFile[];
}

/** Parts that a form may have. */
const MAX_PARTS = 100;

/** Reads a body of multipart/form-data, which is in memory and so no larger than bodies may be. Throws BAD_REQUEST. */
export async function parseForm(bytes: Uint8Array, contentType: string): Promise<Form> {
  const parts = await readParts(bytes, contentType);
  if (parts.length > MAX_PARTS)
    throw new HttpProblem('BAD_REQUEST', `a form may have ${MAX_PARTS} parts, this one has ${parts.length}`);
  const fields: [string, string][] = [];
  const files: UploadedFile[] = [];
  for (const [field, value] of parts) {
    if (typeof value === 'string') fields.push([field, value]);
    else files.push({ field, name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) });
  }
  return { fields: Object.fromEntries(fields), files };
}

async function readParts(bytes: Uint8Array, contentType: string) {
  try {
    // Node's own reader of forms.
    return [
      ...(await new Response(new Uint8Array(bytes), { headers: { 'Content-Type': contentType } }).formData()),
    ];
  } catch (error) {
    throw new HttpProblem('BAD_REQUEST', 'the form is not understood: it must be multipart/form-data', {
      cause: error,
    });
  }
}
