import { decodeBase64 } from '@dimp/foundation';

/** A PNG picture of a sun, 32 by 32 pixels. */
export const PICTURE: Uint8Array = decodeBase64(
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAMAAABEpIrGAAAACVBMVEX///8UeL71qh7P8aNMAAAAX0lEQVR42r2TQQoAIQwDtf9/tAdlazXu' +
    'iIg5miFIm6Z0U/kT2BLJk8iPhL+aKcLdqomItiNrfyCE34h1QIiQfh9xBzDTxD7w4JO/g8JR87Jw3VwYrByXlmvPh7NxeqcqhskDpUyE97EA' +
    'AAAASUVORK5CYII=',
);

/** The same picture with 8 by 8 pixels, as a preview. */
export const THUMBNAIL: Uint8Array = decodeBase64(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAMAAADz0U65AAAACVBMVEX///8UeL71qh7P8aNMAAAAJElEQVR42mNgYGBgZGRgAFMgAGIwAQEj' +
    'SADMYEQw4FIIxVDtAAi4AD1eykXDAAAAAElFTkSuQmCC',
);
