import { DEFAULT_FILE_LIMITS, type FileLimits } from '@dimp/station/node';
import { choice, listOf, text, token, yesNo } from './kinds.ts';
import { duration, size, whole } from './quantities.ts';
import {
  type Complete,
  type Kind,
  optional,
  type Setting,
  SettingProblem,
  secret,
  setting,
} from './setting.ts';

const hexSecret = text('HEX', 'must be hexadecimal digits');

/** Settings of the file server. */
export const FILE_SETTINGS = {
  'files.enabled': setting('whether the station serves files', yesNo, true),
  'files.uploads': setting('who can upload', choice('anyone', 'none', 'token'), 'anyone'),
  'files.uploadToken': secret('bearer token for uploads', token),
  'files.formSecrets': secret('secrets for the signatures of upload forms', listOf(hexSecret)),
  'files.publicUrl': optional(
    'URL of the file server for clients, used in answers to forms',
    httpUrl(),
  ),
  'files.maxFileBytes': bytes('maxFileBytes', 'longest file'),
  'files.maxFormBytes': bytes('maxFormBytes', 'longest file in a form'),
  'files.totalBytes': bytes('totalBytes', 'total size of all files'),
  'files.minFreeBytes': bytes('minFreeBytes', 'disk space that files leave free'),
  'files.addressBytesPerDay': bytes('addressBytesPerDay', 'uploads from one address per day'),
  'files.uploadsAtOnce': count('uploadsAtOnce', 'concurrent uploads'),
  'files.addressUploadsAtOnce': count(
    'addressUploadsAtOnce',
    'concurrent uploads from one address',
  ),
  'files.minBytesPerSecond': bytes(
    'minBytesPerSecond',
    'lowest rate of an upload per second, after 30 s',
  ),
  'files.keepUnfinished': time('keepUnfinished', 'how long an unfinished upload is kept'),
  'files.keepFinished': time('keepFinished', 'how long a file is kept'),
} as const satisfies Complete<FileLimits, 'files'>;

function bytes(name: keyof FileLimits, what: string): Setting<number> {
  return setting(what, size, DEFAULT_FILE_LIMITS[name]);
}

function count(name: keyof FileLimits, what: string): Setting<number> {
  return setting(what, whole(1, 1_000_000), DEFAULT_FILE_LIMITS[name]);
}

function time(name: keyof FileLimits, what: string): Setting<number> {
  return setting(what, duration, DEFAULT_FILE_LIMITS[name]);
}

function httpUrl(): Kind<string> {
  const problem = 'must be a URL such as https://files.example.org';
  const line = text('URL', problem);
  return {
    ...line,
    read(input, context) {
      const url = line.read(input, context);
      if (/^https?:\/\/[^\s?#]+$/.test(url) && URL.canParse(url)) return url;
      throw new SettingProblem(problem);
    },
  };
}
