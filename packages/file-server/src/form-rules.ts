import type { FormSpace } from './file-names.ts';

/** Messages in answers to forms, by code (spec §13.4). */
export const FORM_MESSAGES = {
  200: 'OK',
  204: 'No file',
  400: 'Not a form',
  401: 'Digest does not fit',
  403: 'Too large, or secret unknown',
  409: 'Another file has this name',
  415: 'Extension not allowed',
} as const;

/** A code of spec §13.4; 409 is an addition. */
export type FormCode = keyof typeof FORM_MESSAGES;

/** Refusal of a form. */
export class FormRefusal extends Error {
  readonly code: FormCode;

  constructor(code: FormCode) {
    super(FORM_MESSAGES[code]);
    this.code = code;
  }
}

const PICTURES = ['png', 'jpg', 'jpeg', 'gif'];
const EXTENSIONS: Readonly<Record<FormSpace['kind'], readonly string[]>> = {
  avatar: ['png', 'jpg', 'jpeg'],
  download: [...PICTURES, 'mp3', 'mp4'],
};

/**
 * Returns the extension of a posted file, in lower case. Old clients choose by it how to display a file.
 *
 * @throws {@link FormRefusal} 415 for an extension that spec §13.4 does not list
 */
export function extensionOf(filename: string | undefined, kind: FormSpace['kind']): string {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(filename ?? '')?.[1]?.toLowerCase();
  if (extension === undefined || !EXTENSIONS[kind].includes(extension)) throw new FormRefusal(415);
  return extension;
}
