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

const hexSecret = text('HEX', 'has to be hexadecimal digits');

/** What the file server of a station is told. */
export const FILE_SETTINGS = {
  'files.enabled': setting('whether the station keeps files', yesNo, true),
  'files.uploads': setting('who may upload', choice('anyone', 'none', 'token'), 'anyone'),
  'files.uploadToken': secret('bearer token of those who may upload', token),
  'files.formSecrets': secret('secrets of forms, by which uploads are checked', listOf(hexSecret)),
  'files.publicUrl': optional('where clients reach the files, for answers to forms', httpUrl()),
  'files.maxFileBytes': bytes('maxFileBytes', 'longest file'),
  'files.maxFormBytes': bytes('maxFormBytes', 'longest file in a form'),
  'files.totalBytes': bytes('totalBytes', 'all files together'),
  'files.minFreeBytes': bytes('minFreeBytes', 'what files leave free on the disk'),
  'files.addressBytesPerDay': bytes('addressBytesPerDay', 'uploads of one address in a day'),
  'files.uploadsAtOnce': count('uploadsAtOnce', 'uploads at a time'),
  'files.addressUploadsAtOnce': count('addressUploadsAtOnce', 'uploads of one address at a time'),
  'files.minBytesPerSecond': bytes(
    'minBytesPerSecond',
    'how slow an upload may be, per second, after half a minute',
  ),
  'files.keepUnfinished': time('keepUnfinished', 'how long a file waits for its rest'),
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
  const problem = 'has to be a URL such as https://files.example.org';
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
