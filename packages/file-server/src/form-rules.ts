import type { FormSpace } from './file-names.ts';

/** What the answers to forms say, by their codes (spec §13.4). */
export const FORM_MESSAGES = {
  200: 'OK',
  204: 'No file',
  400: 'Not a form',
  401: 'Digest does not fit',
  403: 'Too large, or secret unknown',
  409: 'Another file has this name',
  415: 'Extension not allowed',
} as const;

/** A code of spec §13.4; 409 is ours. */
export type FormCode = keyof typeof FORM_MESSAGES;

/** A form that is not taken. */
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
 * Extension of a posted file, in lower case. Old clients show what comes by it; browsers are told to show nothing.
 *
 * @throws {@link FormRefusal} 415 for one that is not in the list of spec §13.4
 */
export function extensionOf(filename: string | undefined, kind: FormSpace['kind']): string {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(filename ?? '')?.[1]?.toLowerCase();
  if (extension === undefined || !EXTENSIONS[kind].includes(extension)) throw new FormRefusal(415);
  return extension;
}
